import { describe, expect, it } from 'vitest';
import {
  decodeExtremes,
  decodeMesh,
  lineLayout,
  recordExtremes,
  recordMesh,
} from '../../src/pipeline/shape/surface.ts';
import type { Box } from '../../src/pipeline/box.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import { extents } from '../reference/roi/roi.ts';
import { extremes } from '../reference/shape/extremes.ts';
import { meshCounts } from '../reference/shape/mesh.ts';
import { useEngine } from '../support/engine.ts';
import { awkwardSizes, randomLabels, voxelCount } from '../support/random.ts';
import { recordRegions } from '../support/region.ts';

const cases = [
  ...awkwardSizes.map((size) => ({
    name: `${size.join(' x ')} full`,
    size,
    labels: new Uint8Array(voxelCount(size)).fill(1),
    pad: 1,
  })),
  { name: 'three scattered labels', size: [12, 9, 7] as Vec3, labels: randomLabels([12, 9, 7], 3, 0.5, 3), pad: 1 },
  { name: 'three labels, padding 2', size: [9, 12, 7] as Vec3, labels: randomLabels([9, 12, 7], 3, 0.8, 4), pad: 2 },
];

/** The mask of one label, cut to its box. */
function cut(
  labels: Uint8Array,
  [nx, ny]: Vec3,
  label: number,
  { first, last }: Box,
): { mask: Uint8Array; size: Vec3 } {
  const size: Vec3 = [last[0] - first[0] + 1, last[1] - first[1] + 1, last[2] - first[2] + 1];
  const mask = Uint8Array.from({ length: voxelCount(size) }, (_, i) => {
    const [x, y, z] = [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))];
    return Number(labels[x + first[0] + nx * (y + first[1] + ny * (z + first[2]))] === label);
  });
  return { mask, size };
}

const boxesOf = (labels: Uint8Array, size: Vec3): Box[] =>
  [...extents({ labels, size })]
    .sort(([a], [b]) => a - b)
    .map(([, e]) => ({ first: e.first as unknown as Vec3, last: e.last as unknown as Vec3 }));

describe('shape kernels', () => {
  const engine = useEngine();

  it.each(cases)('shape/mesh: $name equals the CPU twin', async ({ labels, size, pad }) => {
    const boxes = boxesOf(labels, size);
    const { rec, cells } = recordRegions(labels, labels, size, pad);
    const download = rec.download(recordMesh(rec, cells, boxes));
    const sums = (await engine().execute(rec)).u32(download);
    boxes.forEach((box, r) => {
      const { mask, size: boxSize } = cut(labels, size, r + 1, box);
      expect(decodeMesh(sums, r)).toEqual(meshCounts(mask, boxSize));
    });
  });

  it.each(cases)('shape/extremes: $name equals the CPU twin', async ({ labels, size, pad }) => {
    const boxes = boxesOf(labels, size);
    const layout = lineLayout(boxes);
    const { rec, cells } = recordRegions(labels, labels, size, pad);
    const download = rec.download(recordExtremes(rec, cells, boxes, layout));
    const lines = (await engine().execute(rec)).u32(download);
    boxes.forEach((box, r) => {
      const { mask, size: boxSize } = cut(labels, size, r + 1, box);
      expect(decodeExtremes(lines, layout, r)).toEqual(extremes(mask, boxSize));
    });
  });
});
