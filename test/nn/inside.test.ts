/** nn/inside: labels to bits on the host, bits to words on the GPU. */
import { describe, expect, it } from 'vitest';
import { Recording } from '../../src/engine/index.ts';
import { insideOf, recordInside } from '../../src/pipeline/nn/inside.ts';
import { useEngine } from '../support/engine.ts';
import { awkwardSizes, randomLabels, voxelCount } from '../support/random.ts';

describe('nn/inside', () => {
  const engine = useEngine();

  it.each([...awkwardSizes, [40, 41, 43] as const])('%i x %i x %i: the labels that are wanted', async (...size) => {
    const labels = randomLabels(size, 5, 0.6, 3);
    const wanted = new Set([2, 5]);
    const rec = new Recording('test');
    const bits = insideOf(labels, (index) => wanted.has(index));
    const download = rec.download(recordInside(rec, bits, voxelCount(size)));
    const found = (await engine().execute(rec)).u32(download);
    expect(found).toEqual(Uint32Array.from(labels, (label) => Number(label === 2 || label === 5)));
  });
});
