import { describe, expect, test } from 'vitest';
import { methodNames, normaliseUsage, parseNormalise } from '../../src/pipeline/normalise/index.ts';

const image = 'image';
describe('parseNormalise', () => {
  test.each([
    ['zscore', { name: 'zscore', within: image, ddof: 0 }],
    [' zscore : mask , sample ', { name: 'zscore', within: 'mask', ddof: 1 }],
    ['zscore:population', { name: 'zscore', within: image, ddof: 0 }],
    ['pyradiomics', { name: 'pyradiomics', scale: 1, outliers: null }],
    ['pyradiomics:scale=100,outliers=3', { name: 'pyradiomics', scale: 100, outliers: 3 }],
    ['pyradiomics:outliers=None', { name: 'pyradiomics', scale: 1, outliers: null }],
    ['minmax', { name: 'minmax', within: image, low: 0, high: 1 }],
    ['minmax:above-mean,low=-1', { name: 'minmax', within: 'above-mean', low: -1, high: 1 }],
    ['clip:1,99', { name: 'clip', within: image, percentiles: [1, 99], followedBy: null }],
    [
      'clip:0.5,99.5,mask+zscore:mask',
      {
        name: 'clip',
        within: 'mask',
        percentiles: [0.5, 99.5],
        followedBy: { name: 'zscore', within: 'mask', ddof: 0 },
      },
    ],
    [
      'percentile:1,99,nonzero,high=255',
      {
        name: 'clip',
        within: 'nonzero',
        percentiles: [1, 99],
        followedBy: { name: 'minmax', within: 'nonzero', low: 0, high: 255 },
      },
    ],
    ['robust:nonzero', { name: 'robust', within: 'nonzero' }],
    ['nyul:scales/a+b,c=1.json', { name: 'nyul', file: 'scales/a+b,c=1.json' }],
  ])('%s', (text, expected) => {
    expect(parseNormalise(text)).toEqual(expected);
  });

  test.each([
    ['zscor', /unknown normalisation "zscor"\. Did you mean zscore\? Allowed: zscore\[:REGION\]/],
    ['', /unknown normalisation ""/],
    [
      'zscore:brain',
      /unexpected "brain"\. Allowed: image, mask, nonzero, positive, above-mean, population, sample; write zscore/,
    ],
    ['zscore:msk', /Did you mean mask\?/],
    ['zscore:mask,image', /unexpected "image"/],
    ['zscore:population,sample', /choose one/],
    ['zscore:ddof=1', /unknown key "ddof"\. It takes none/],
    ['pyradiomics:sclae=3', /unknown key "sclae"\. Did you mean scale\? Allowed: scale, outliers/],
    ['pyradiomics:scale=0', /positive scale, found 0/],
    ['pyradiomics:outliers=-1', /positive outliers/],
    ['pyradiomics:scale=big', /expected a number, found "big"/],
    ['pyradiomics:mask', /unexpected "mask"/],
    ['minmax:low=2', /low < high, found 2 and 1/],
    ['clip', /expected 2 percentiles, found 0/],
    ['clip:1', /expected 2 percentiles, found 1/],
    ['clip:1,2,3', /unexpected "3"/],
    ['clip:99,1', /ascending percentiles from 0 to 100/],
    ['percentile:1,101', /ascending percentiles from 0 to 100/],
    ['clip:1,99+robust', /expected zscore or minmax after clip/],
    ['percentile:1,99+zscore', /expected zscore or minmax after clip/],
    ['clip:1,99+zscore+minmax', /expected zscore or minmax after clip/],
    ['zscore+minmax', /expected zscore or minmax after clip/],
    ['nyul', /expected the file of a scale/],
  ])('%s is refused', (text, message) => {
    expect(() => parseNormalise(text)).toThrow(expect.objectContaining({ code: 'BadSetting' }));
    expect(() => parseNormalise(text)).toThrow(message);
  });

  test('every method can be written', () => {
    for (const name of methodNames) expect(normaliseUsage.some((line) => line.startsWith(name))).toBe(true);
  });
});
