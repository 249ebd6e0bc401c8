/** The demo's patient: the same on every machine, and what the demo says of it. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fieldError } from '../../src/host/node/demo-sequence.ts';
import { makePatient } from '../../src/host/patient.ts';
import { volumeOf } from '../support/region.ts';

const patient = [...makePatient()];

/** Of all voxels of images, masks and fields as little-endian bytes. */
const hash = '624e442a208eb055c7eb0dec6fb2489bf01908e1518119fa58dd05221a3fa025';

describe('makePatient', () => {
  it('makes the same voxels everywhere', () => {
    const all = createHash('sha256');
    for (const { image, mask, field } of patient)
      for (const { data } of [image, mask, ...(field ? [field] : [])])
        all.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    expect(all.digest('hex')).toBe(hash);
  });

  it('has two mammograms of one slice and four MR sequences, the lesion in each', () => {
    expect(patient.map(({ name, modality, image }) => [name, modality, image.size[2] > 1])).toEqual([
      ['MG-CC', 'MG', false],
      ['MG-MLO', 'MG', false],
      ['T2WI', 'MR', true],
      ['DWI-b800', 'MR', true],
      ['ADC', 'MR', true],
      ['DCE-phase2', 'MR', true],
    ]);
    for (const { mask, tissue } of patient) {
      const lesion = Array.from(mask.data as Uint8Array).filter((v) => v === 1).length;
      expect(lesion).toBeGreaterThan(500);
      expect(mask.data.every((v: number, i: number) => v === 0 || tissue.data[i] === 1)).toBe(true);
    }
  });

  it('multiplies all MR images but ADC by a field of a coil', () => {
    for (const { name, field } of patient.slice(2)) {
      const [low, high] = (field!.data as Float32Array).reduce(
        ([a, b], v) => [Math.min(a, v), Math.max(b, v)] as const,
        [Number.POSITIVE_INFINITY, 0] as readonly [number, number],
      );
      if (name === 'ADC') expect([low, high]).toEqual([1, 1]);
      else expect(high / low).toBeGreaterThan(1.5);
    }
  });
});

describe('fieldError', () => {
  const size = [4, 1, 1] as const;
  const of = (values: readonly number[]) => volumeOf(Float32Array.from(values), size);
  const tissue = volumeOf(Uint8Array.of(1, 1, 0, 1), size);

  it('is 0 for a field that is right but for a factor, whatever lies in air', () => {
    const { known, left } = fieldError(of([3, 6, 99, 9]), of([1, 2, 7, 3]), tissue);
    const logs = [0, Math.log(2), Math.log(3)];
    const mean = logs.reduce((a, b) => a + b, 0) / 3;
    expect(known).toBeCloseTo(Math.sqrt(logs.reduce((a, b) => a + (b - mean) ** 2, 0) / 3), 6);
    expect(left).toBeCloseTo(0, 6);
  });

  it('is that of the known field where none was found', () => {
    const { known, left } = fieldError(of([1, 1, 1, 1]), of([1, 2, 7, 3]), tissue);
    expect(left).toBeCloseTo(known, 12);
  });
});
