/** The levels and iterations of N4, recorded without a readback in between. */
import { type BufferRef, type Engine, Recording } from '../../engine/index.ts';
import type { Vec3 } from '../volume.ts';
import { foursOf } from './columns.ts';
import { type FieldInput, momentsOf, recordField } from './field.ts';
import { type FitInput, recordFit } from './fit.ts';
import { type N4Grid, shrunkAxes } from './grid.ts';
import { histogramBytes, type HistogramInput, recordHistogram } from './histogram.ts';
import { recordUpdate } from './lattice.ts';
import { buffersOf, type Level, latticeBytes, levelOf, spreadOf } from './level.ts';
import type { N4Options, N4Settings } from './options.ts';
import { recordRefine } from './refine.ts';
import { expectationBytes, recordSharpen, type SharpenInput, twiddles } from './sharpen.ts';
import type { ShrunkImage } from './shrink.ts';

/** Voxels times iterations in one submit: 0.1 s on two cores; on a slow GPU 0.3 s, below what a desktop allows. */
const WORK_PER_SUBMIT = { software: 16e6, device: 256e6 } as const;

/** What an iteration reads and writes, apart from its level. */
export interface Run extends FitInput, HistogramInput, FieldInput, SharpenInput {
  readonly software: boolean;
}

/** The buffers of a run. All are kept, and zeroed so that they exist from this recording on. */
export function runOf(
  rec: Recording,
  { logs, values, weights }: ShrunkImage,
  control: BufferRef,
  { size }: N4Grid,
  { bins, fwhm, wiener, tolerance, iterations }: N4Settings,
  software: boolean,
): Run {
  const total = iterations.reduce((sum, n) => sum + n, 0);
  return {
    software,
    logs,
    values,
    weights,
    control,
    fours: foursOf(size[0]) * size[1] * size[2],
    bins,
    fwhm,
    wiener,
    tolerance,
    moments: momentsOf(rec, size, software),
    twiddles: rec.keep(rec.upload('n4/sharpen.twiddles', twiddles(bins))),
    sums: rec.keep(rec.zeros('n4/histogram.sums', histogramBytes(bins))),
    expectation: rec.keep(rec.zeros('n4/sharpen.expectation', expectationBytes(bins))),
    convergence: rec.keep(rec.zeros('n4/sharpen.convergence', total * 4)),
  };
}

/** Sums the weights of the fit: the denominators of all iterations of a level. */
export function recordWeighing(rec: Recording, run: Run, level: Level): void {
  recordFit(rec, run, level, true);
  recordUpdate(rec, run.control, level, true);
}

/** One iteration; nothing where the level has ended, which the GPU alone knows. */
export function recordIteration(rec: Recording, run: Run, level: Level, number: number, levelStart: boolean): void {
  recordHistogram(rec, run, levelStart);
  recordSharpen(rec, run, { level: number, levelStart, finish: false });
  recordFit(rec, run, level, false);
  recordUpdate(rec, run.control, level, false);
  recordField(rec, run, level);
}

/** Several iterations. @param levelStart whether the first is that of its level */
function recordIterations(
  rec: Recording,
  run: Run,
  level: Level,
  number: number,
  levelStart: boolean,
  count: number,
): void {
  const rest = levelStart ? count - 1 : count;
  if (levelStart) recordIteration(rec, run, level, number, true);
  if (rest === 0) return;
  const first = rec.commands.length;
  recordIteration(rec, run, level, number, false);
  rec.repeat(first, rest - 1);
}

/** The lattice that all levels have left. */
export interface Fitted {
  /** Kept. */
  readonly nodes: BufferRef;
  readonly points: Vec3;
}

/**
 * Runs all levels, in as few submits as their work allows.
 * @returns the lattice of the last level; its owner releases it
 */
export async function iterate(
  engine: Engine,
  run: Run,
  grid: N4Grid,
  { iterations }: N4Settings,
  { signal, onProgress }: Pick<N4Options, 'signal' | 'onProgress'>,
): Promise<Fitted> {
  const total = iterations.reduce((sum, n) => sum + n, 0);
  const most = run.software ? WORK_PER_SUBMIT.software : WORK_PER_SUBMIT.device;
  const perSubmit = Math.max(1, Math.floor(most / (4 * run.fours)));
  const held: BufferRef[] = [];
  let rec = new Recording('n4/levels');
  let [done, recorded] = [0, 0];
  const submit = async () => {
    await engine.execute(rec);
    signal?.throwIfAborted();
    rec = new Recording('n4/levels');
    [done, recorded] = [done + recorded, 0];
    onProgress?.({ done, total });
  };
  let last: Fitted | null = null;
  try {
    for (const [number, points] of grid.points.entries()) {
      const nodes: BufferRef = last
        ? recordRefine(rec, last.nodes, last.points, points)
        : rec.zeros('n4/lattice.nodes', latticeBytes(points));
      const level = levelOf(rec, spreadOf(rec, grid.size, shrunkAxes(grid, points), points, nodes, run.software));
      held.push(...buffersOf(level));
      recordWeighing(rec, run, level);
      const count = iterations[number] as number;
      for (let k = 0; k < count; ) {
        if (recorded === perSubmit) await submit();
        const next = Math.min(perSubmit - recorded, count - k);
        recordIterations(rec, run, level, number, k === 0, next);
        recorded += next;
        k += next;
      }
      last = { nodes, points };
    }
    await submit();
  } catch (error) {
    engine.release(...held);
    throw error;
  }
  const fitted = last as unknown as Fitted;
  engine.release(...held.filter((ref) => ref !== fitted.nodes));
  return fitted;
}
