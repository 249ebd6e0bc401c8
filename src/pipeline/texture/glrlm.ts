/** texture/glrlm: grey level run lengths of all regions. */
import source from '../../../shaders/texture/glrlm.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { linearStep } from '../box.ts';
import type { RegionCells } from '../roi/compact.ts';
import { firstOf, type RegionLines } from './lines.ts';

export const glrlm = defineKernel({
  name: 'texture/glrlm',
  source,
  bindings: {
    params: 'uniform',
    starts: 'read',
    angles: 'read',
    groups: 'read',
    cells: 'read',
    regions: 'read',
    counts: 'read_write',
  },
  workgroup: 64,
});

/**
 * Returns the counts by angle, row (of all regions), run length - 1.
 * @param rows rows of all regions together
 * @param maxRun longest possible run: the longest side of a region's box
 */
export function recordGlrlm(
  rec: Recording,
  { cells, box }: RegionCells,
  regions: BufferRef,
  { offsets, lines, starts }: RegionLines,
  rows: number,
  maxRun: number,
): BufferRef {
  const counts = rec.zeros('texture/glrlm.counts', offsets.length * rows * maxRun * 4);
  const groups = lines.map((n) => Math.ceil(n / glrlm.workgroup));
  const angleOfGroup = Uint32Array.from(Array.from(groups).flatMap((n, angle) => new Array<number>(n).fill(angle)));
  const [first, firstGroup] = [firstOf(lines), firstOf(groups)];
  const table = Int32Array.from(
    offsets.flatMap((offset, a) => [linearStep(box, offset), first[a]!, lines[a]!, firstGroup[a]!]),
  );
  rec.dispatch(
    glrlm,
    {
      params: { groups: angleOfGroup.length, rows, max_run: maxRun },
      starts,
      angles: rec.upload('texture/glrlm.angles', table),
      groups: rec.upload('texture/glrlm.groups', angleOfGroup),
      cells,
      regions,
      counts,
    },
    angleOfGroup.length * glrlm.workgroup,
  );
  return counts;
}
