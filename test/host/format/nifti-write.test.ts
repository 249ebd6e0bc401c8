import { type NIFTI1, readHeader, readImage } from 'nifti-reader-js';
import { describe, expect, it } from 'vitest';
import { encodeNifti } from '../../../src/host/format/nifti-write.ts';
import type { Volume } from '../../../src/pipeline/volume.ts';

const cosine = Math.cos(0.3);
const sine = Math.sin(0.3);
/** A rotation about two axes, so that no entry of the matrix can be swapped unseen. */
const oblique = [cosine, -sine, 0, sine * 0.8, cosine * 0.8, -0.6, sine * 0.6, cosine * 0.6, 0.8];

/** NIfTI-1 keeps coordinates in float32: 24 bits of a number below 64. */
const float32Bound = 64 * 2 ** -24;

function volume(direction: readonly number[]): Volume {
  const data = Int16Array.from({ length: 24 }, (_, i) => 100 * i - 700);
  return { dimension: 3, size: [2, 3, 4], spacing: [0.9, 1.1, 2.5], origin: [10, -20, 30], direction, data };
}

/** Affine from voxel to RAS millimetres of a volume in LPS. */
function affineOf({ direction, spacing, origin }: Volume): number[][] {
  return [0, 1, 2].map((row) => {
    const sign = row < 2 ? -1 : 1;
    return [...[0, 1, 2].map((axis) => sign * direction[3 * row + axis]! * spacing[axis]!), sign * origin[row]!];
  });
}

function expectAffine(found: number[][], wanted: number[][]): void {
  for (const [row, values] of wanted.entries()) {
    for (const [column, value] of values.entries()) {
      expect(Math.abs(found[row]![column]! - value)).toBeLessThan(float32Bound);
    }
  }
}

describe('encodeNifti', () => {
  const mirrored = oblique.map((value, i) => (i % 3 === 0 ? -value : value));
  it.each([
    ['identity', [1, 0, 0, 0, 1, 0, 0, 0, 1]],
    ['oblique', oblique],
    ['mirrored', mirrored],
  ])('writes voxels and the same geometry into sform and qform: %s', (_, direction) => {
    const image = volume(direction);
    const file = encodeNifti(image).buffer;
    const header = readHeader(file) as NIFTI1;
    expect([...new Int16Array(readImage(header, file))]).toEqual([...image.data]);
    expect(header.dims.slice(0, 4)).toEqual([3, 2, 3, 4]);
    expectAffine(header.affine, affineOf(image));
    expectAffine(
      header.convertNiftiQFormToNiftiSForm(
        header.quatern_b,
        header.quatern_c,
        header.quatern_d,
        header.qoffset_x,
        header.qoffset_y,
        header.qoffset_z,
        header.pixDims[1]!,
        header.pixDims[2]!,
        header.pixDims[3]!,
        header.pixDims[0]!,
      ),
      affineOf(image),
    );
  });

  it('refuses an axis that NIfTI-1 cannot describe', () => {
    const size = [40000, 1, 1] as const;
    const long = { ...volume([1, 0, 0, 0, 1, 0, 0, 0, 1]), size, data: new Uint8Array(40000) };
    expect(() => encodeNifti(long)).toThrow(/32767/);
  });
});
