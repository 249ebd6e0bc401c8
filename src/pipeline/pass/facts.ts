/** Facts of the regions of a mask alone, for masks that are not the one the features are computed on. */
import { type Engine, Recording } from '../../engine/index.ts';
import { boxUnion, padBox } from '../box.ts';
import { decodeExtent, recordExtent } from '../roi/extent.ts';
import { type RegionFacts, regionFacts } from '../roi/facts.ts';
import type { PackedLabels } from '../roi/labels.ts';
import { disjointGroups, type Selection } from '../selection.ts';
import { recordVolumes } from '../texture/components.ts';
import type { Vec3 } from '../volume.ts';
import { fullConnectivity, recordCells } from './prepare.ts';

/** Box, voxels, volumes and centre of mass of regions, by name. @param size voxels of the mask */
export async function measureMask(
  engine: Engine,
  labels: PackedLabels,
  size: Vec3,
  selections: readonly Selection[],
): Promise<Map<string, RegionFacts>> {
  const facts = new Map<string, RegionFacts>();
  for (const group of disjointGroups(selections)) {
    const box = padBox(group.map((s) => s.box).reduce(boxUnion), 1);
    const rec = new Recording('pass/facts');
    const cells = recordCells(rec, labels, size, group, box);
    const extents = recordExtent(rec, cells, group.length);
    const volumes = rec.download(recordVolumes(rec, cells, fullConnectivity(box), group.length));
    const results = await engine.execute(rec);
    group.forEach((selection, region) => {
      const extent = decodeExtent(results.u32(extents), region);
      facts.set(selection.name, regionFacts(extent, box.box, results.u32(volumes)[region] as number));
    });
  }
  return facts;
}
