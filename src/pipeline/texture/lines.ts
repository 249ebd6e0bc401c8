/** texture/lines: where the lines of the regions begin, along every angle. */
import source from '../../../shaders/texture/lines.wgsl?raw';
import { type BufferRef, defineKernel, type Engine, Recording } from '../../engine/index.ts';
import { linearStep } from '../box.ts';
import type { RegionCells } from '../roi/compact.ts';
import type { Offset } from './matrices.ts';

const file = { source, workgroup: 64 };
const common = { params: 'uniform', voxels: 'read', cells: 'read', offsets: 'read', cursors: 'read_write' } as const;

export const count = defineKernel({
  ...file,
  name: 'texture/lines:count',
  entryPoint: 'count',
  bindings: { ...common, multi_element: 'read_write' },
});
export const list = defineKernel({
  ...file,
  name: 'texture/lines:list',
  entryPoint: 'list',
  bindings: { ...common, starts: 'read_write' },
});

/** Lines on the GPU. */
export interface RegionLines {
  readonly offsets: readonly Offset[];
  /** How many lines there are, by angle. */
  readonly lines: Uint32Array;
  /** Bit per angle, by region: some straight line along it holds two voxels of the region. */
  readonly multiElement: Uint32Array;
  /** First voxels (indices into the cells), those of an angle side by side, in the order of the angles. Kept. */
  readonly starts: BufferRef;
  /** Settles when they have been listed; what is submitted later sees the list without waiting for it. */
  readonly listed: Promise<unknown>;
}

/** Finds the lines in two submits: their number, then where they begin. @param regions number of regions */
export async function findLines(
  engine: Engine,
  { cells, voxels, length, box }: RegionCells,
  offsets: readonly Offset[],
  regions: number,
): Promise<RegionLines> {
  const table = Int32Array.from(offsets.flatMap((o) => [...o, linearStep(box, o)]));
  const inputs = (rec: Recording) => ({
    params: { padded: box.padded, length, angles: offsets.length },
    voxels,
    cells,
    offsets: rec.upload('texture/lines.offsets', table),
  });
  const counting = new Recording('texture/lines:count');
  const counters = counting.zeros('texture/lines.cursors', offsets.length * 4);
  const multi_element = counting.zeros('texture/lines.multi_element', regions * 4);
  counting.dispatch(count, { ...inputs(counting), cursors: counters, multi_element }, length);
  const downloads = [counting.download(counters), counting.download(multi_element)] as const;
  const counted = await engine.execute(counting);
  const [lines, multiElement] = [counted.u32(downloads[0]), counted.u32(downloads[1])];

  const listing = new Recording('texture/lines:list');
  const total = lines.reduce((sum, n) => sum + n, 0);
  const starts = listing.keep(listing.buffer('texture/lines.starts', total * 4));
  const cursors = listing.upload('texture/lines.cursors', firstOf(lines));
  listing.dispatch(list, { ...inputs(listing), cursors, starts }, length);
  const listed = engine.execute(listing);
  // Handled where the lines are used.
  listed.catch(() => undefined);
  return { offsets, lines, multiElement, starts, listed };
}

/** Where the lines of each angle begin in the list. */
export function firstOf(lines: Uint32Array): Uint32Array {
  let total = 0;
  return lines.map((n) => {
    total += n;
    return total - n;
  });
}
