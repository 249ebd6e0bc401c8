/** Options whose value is itself a list of options. */
import { describe, expect, it } from 'vitest';
import { parseDeep } from '../../../src/host/node/commands/deep-options.ts';
import { parseKeys } from '../../../src/host/node/commands/parse.ts';

const keys = { valued: ['size', 'mask'], switches: ['otsu'] };

describe('parseKeys', () => {
  it('reads values and switches; a value may hold an equals sign', () => {
    expect(parseKeys('--n4', ['size= 3x4', ' otsu ', 'mask=a=b.nii'], keys)).toEqual({
      size: '3x4',
      otsu: true,
      mask: 'a=b.nii',
    });
    expect(parseKeys('--n4', [], keys)).toEqual({});
  });

  it.each([
    [['size'], /found "size"; expected size=…, mask=… or otsu/],
    [['otsu=1'], /found "otsu=1"/],
    [['sice=3'], /Did you mean size\?/],
    [['size=3', 'otsu', 'size=4'], /found size twice/],
    [['otsu', 'otsu'], /found otsu twice/],
  ])('refuses %j', (parts, message) => {
    expect(() => parseKeys('--n4', parts, keys)).toThrow(message);
  });
});

describe('parseDeep', () => {
  it('reads the network and its options', () => {
    expect(parseDeep('monai, size=8x8x8 ,stem-stride=1,no-max-pool,masked', 'w.pth')).toEqual({
      arch: 'monai',
      weights: 'w.pth',
      size: '8x8x8',
      stemStride: '1',
      maxPool: false,
      masked: true,
    });
  });
});
