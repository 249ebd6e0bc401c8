import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { makePhantom } from '../../src/host/phantom.ts';

/** Of the voxels as little-endian bytes; the same on every machine, or the demo's numbers would differ. */
const imageHash = 'da2fc06110f82880b396827737b415fcd352a822a42bffe3cd73860977479520';
const maskHash = '01f4d36dc33cd4351f9f6bf6eccc3d6c24807385aa0bf57b3520fb80bf0db60e';

function sha256({ data }: { readonly data: ArrayBufferView }): string {
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');
}

it('makes the same voxels everywhere', () => {
  const { image, mask } = makePhantom();
  expect([sha256(image), sha256(mask)]).toEqual([imageHash, maskHash]);
  expect([...new Set(mask.data as Uint8Array)].sort()).toEqual([0, 1, 2]);
});
