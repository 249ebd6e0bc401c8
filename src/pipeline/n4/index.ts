/** N4 bias-field correction (Tustison et al., IEEE TMI 29(6), 2010), as ITK and ANTs run it. */
import { type BufferRef, type Engine, type Kernel, Recording, type Results } from '../../engine/index.ts';
import { type DeviceVolume, downloadVolume, fromDevice, gridOf, toDevice, volumeOf } from '../device-volume.ts';
import { PipelineError } from '../errors.ts';
import type { Mask, Vec3, Volume } from '../volume.ts';
import { apply, recordApply } from './apply.ts';
import { controlBytes, type ControlState, decodeControl } from './control.ts';
import { type N4Field, fieldVolume, latticeOf } from './field-volume.ts';
import { imageAxes, layOut, type N4Grid } from './grid.ts';
import { decodeInspect, type Inspection, recordInspect } from './inspect.ts';
import { fit } from './fit.ts';
import { field } from './field.ts';
import { histogram } from './histogram.ts';
import { type Fitted, iterate, type Run, runOf } from './iterate.ts';
import { expand, recordExpand, update } from './lattice.ts';
import { spreadOf } from './level.ts';
import { packBits } from './mask.ts';
import { otsuThreshold, recordCount, recordThreshold } from './otsu.ts';
import { checkOptions, type N4Options, type N4Settings } from './options.ts';
import { refine } from './refine.ts';
import { recordRescale } from './rescale.ts';
import { recordSharpen, sharpen } from './sharpen.ts';
import { recordShrink, shrink, type ShrunkImage } from './shrink.ts';

export { type N4Field, fieldVolume } from './field-volume.ts';
export type { N4Options, N4Progress } from './options.ts';

/** The kernels of a run without a mask by Otsu's threshold and without rescaling, to be compiled ahead. */
export const n4Kernels = [
  shrink,
  histogram,
  sharpen,
  fit,
  update,
  expand,
  field,
  refine,
  apply,
] as unknown as readonly Kernel[];

/** What a run did. */
export interface N4Report {
  /** Samples of the shrunk grid along x, y, z, and the index in the image of the first; negative in padding. */
  readonly shrunk: Vec3;
  readonly shrinkOffset: Vec3;
  /** Voxels of the shrunk grid that took part. */
  readonly voxels: number;
  /** Iterations done of each level. */
  readonly iterations: readonly number[];
  /** Of each level, coefficient of variation of the ratio of successive fields after every iteration. */
  readonly convergence: readonly (readonly number[])[];
}

export interface N4Result {
  /** Float32 on the grid of the image. The caller releases `voxels`. */
  readonly corrected: DeviceVolume;
  readonly field: N4Field;
  readonly report: N4Report;
}

/** The inputs on the GPU and what was found in them. */
interface Prepared {
  readonly mask: BufferRef | null;
  readonly control: BufferRef;
  readonly shrunk: ShrunkImage;
  readonly run: Run;
  /** Range of the image inside the mask; null where nothing asks for it. */
  readonly range: Inspection | null;
  readonly state: ControlState;
}

function checkFinite(nonFinite: number): void {
  if (nonFinite === 0) return;
  throw new PipelineError(
    'NonFiniteImage',
    `n4: ${nonFinite} voxels inside the mask are NaN or infinite; replace them or leave them out of the mask`,
  );
}

/** Names the reasons for which no field can be found. ANTs and ITK return nonsense or their input there, in silence. */
function checkContent({ inside, nonFinite, low, high }: ControlState): void {
  checkFinite(nonFinite);
  if (inside < 2) {
    throw new PipelineError(
      'EmptyMask',
      `n4: ${inside} voxels inside the mask lie on the shrunk grid with a weight above 0, at least 2 are needed; lower shrink or enlarge the mask`,
    );
  }
  if (!(low < high)) {
    throw new PipelineError(
      'ConstantImage',
      `n4: all ${inside} voxels of the shrunk grid inside the mask have one intensity; there is no field to find; check image and mask`,
    );
  }
}

/** The mask as the kernels read it. */
function packMask(mask: Mask): Uint32Array {
  const bits = packBits(mask);
  if (bits.some((word) => word !== 0)) return bits;
  throw new PipelineError('EmptyMask', 'n4: the mask has no voxel; pass a mask of the tissue, or none');
}

const voxelsOf = ({ full }: N4Grid): number => full[0] * full[1] * full[2];

/** Otsu's threshold of the whole image. */
async function findThreshold(engine: Engine, image: BufferRef, length: number): Promise<number> {
  const look = new Recording('n4/range');
  const found = recordInspect(look, image, null, length);
  const range = decodeInspect((await engine.execute(look)).u32(found));
  checkFinite(range.nonFinite);
  const rec = new Recording('n4/otsu');
  const counts = recordCount(rec, image, length, range);
  return otsuThreshold((await engine.execute(rec)).u32(counts), range);
}

async function prepare(
  engine: Engine,
  image: DeviceVolume,
  grid: N4Grid,
  settings: N4Settings,
  held: BufferRef[],
): Promise<Prepared> {
  const rec = new Recording('n4/prepare');
  const hold = (ref: BufferRef) => {
    held.push(rec.keep(ref));
    return ref;
  };
  const { mask: given, weights, otsu } = settings;
  let mask: BufferRef | null = null;
  if (given) mask = hold(rec.upload('n4.mask', packMask(given)));
  if (otsu) {
    const limit = await findThreshold(engine, image.voxels, voxelsOf(grid));
    mask = hold(recordThreshold(rec, image.voxels, voxelsOf(grid), limit));
  }
  const confidence = weights && rec.upload('n4.weights', Float32Array.from(weights.data));
  const control = hold(rec.zeros('n4.control', controlBytes(grid.points.length)));
  const found = settings.rescale ? recordInspect(rec, image.voxels, mask, voxelsOf(grid)) : null;
  const shrunk = recordShrink(rec, image.voxels, mask, confidence, grid, control);
  const run = runOf(rec, shrunk, control, grid, settings, engine.caps.software);
  const started = rec.download(control);
  held.push(...rec.kept);
  const results = await engine.execute(rec);
  return {
    mask,
    control,
    shrunk,
    run,
    range: found && decodeInspect(results.u32(found)),
    state: decodeControl(results.u32(started)),
  };
}

const floatsOf = (words: Uint32Array) => new Float32Array(words.buffer, words.byteOffset, words.length);

/** Convergence values by level. */
function byLevel(values: Float32Array, levels: readonly number[]): number[][] {
  let from = 0;
  return levels.map((count) => {
    from += count;
    return Array.from(values.subarray(from - count, from));
  });
}

/** Divides the image by the field and reads back what is small: lattice, convergence, counts. */
async function finish(
  engine: Engine,
  image: DeviceVolume,
  grid: N4Grid,
  { mask, run, range, state }: Prepared,
  { nodes, points }: Fitted,
): Promise<N4Result> {
  const rec = new Recording('n4/finish');
  recordSharpen(rec, run, { level: 0, levelStart: false, finish: true });
  const spread = spreadOf(rec, grid.full, imageAxes(grid, points), points, nodes, run.software);
  recordExpand(rec, spread);
  const { voxels, nonFinite } = recordApply(rec, spread, image.voxels, mask);
  const length = voxelsOf(grid);
  const corrected = range && recordInspect(rec, voxels, mask, length);
  const bad = rec.download(nonFinite);
  const [control, convergence, lattice] = [run.control, run.convergence, nodes].map((ref) => rec.download(ref));
  const results: Results = await engine.execute(rec);
  try {
    // Voxels between those of the shrunk grid are read only here.
    checkFinite(results.u32(bad)[0] as number);
    if (corrected) await rescaleTo(engine, voxels, mask, length, decodeInspect(results.u32(corrected)), range);
  } catch (error) {
    engine.release(voxels);
    throw error;
  }
  const { levels } = decodeControl(results.u32(control!));
  const size: Vec3 = [points[0], points[1], grid.dimension === 2 ? 1 : points[2]];
  return {
    corrected: { ...gridOf(image), voxels, tails: null, type: 'float32' },
    field: {
      grid: gridOf(image),
      lower: grid.lower,
      padded: grid.padded,
      points: size,
      lattice: latticeOf(floatsOf(results.u32(lattice!)), size[0] * size[1] * size[2]),
    },
    report: {
      shrunk: grid.size,
      shrinkOffset: grid.offset,
      voxels: state.inside,
      iterations: levels,
      convergence: byLevel(floatsOf(results.u32(convergence!)), levels),
    },
  };
}

async function rescaleTo(
  engine: Engine,
  voxels: BufferRef,
  mask: BufferRef | null,
  length: number,
  from: Inspection,
  to: Inspection,
): Promise<void> {
  const rec = new Recording('n4/rescale');
  recordRescale(rec, voxels, mask, length, from, to);
  await engine.execute(rec);
}

/**
 * Corrects the bias field of an image on the GPU. The image stays there and stays the caller's; only the lattice, the
 * convergence values and counts are read back, before the first and after the last iteration.
 * Two things are done right that ITK does not do: the minimum of the histogram is the true minimum, and the convergence
 * value is not a running sum in float32.
 * @param image any finite intensities
 * @throws PipelineError BadSetting, GeometryMismatch, TooThin (fewer than 2 x shrink voxels along an axis), EmptyMask,
 * ConstantImage, NonFiniteImage, TooLarge; `signal.reason` when cancelled
 */
export async function correctBias(engine: Engine, image: DeviceVolume, options: N4Options = {}): Promise<N4Result> {
  options.signal?.throwIfAborted();
  const settings = checkOptions(image, options);
  const grid = layOut(image, settings);
  const held: BufferRef[] = [];
  try {
    const prepared = await prepare(engine, image, grid, settings, held);
    checkContent(prepared.state);
    options.signal?.throwIfAborted();
    const fitted = await iterate(engine, prepared.run, grid, settings, options);
    held.push(fitted.nodes);
    return await finish(engine, image, grid, prepared, fitted);
  } finally {
    engine.release(...held);
  }
}

/** `correctBias` from and to host memory. */
export async function n4(
  engine: Engine,
  volume: Volume,
  options: N4Options & {
    /** Return the bias field exp(log field) too. */
    readonly returnField?: boolean;
  } = {},
): Promise<{ readonly corrected: Volume; readonly field?: Volume; readonly report: N4Report }> {
  const image = await toDevice(engine, volume);
  const held = [image.voxels];
  try {
    const { corrected, field, report } = await correctBias(engine, image, options);
    held.push(corrected.voxels);
    if (!options.returnField) return { corrected: await fromDevice(engine, corrected), report };
    const bias = await fieldVolume(engine, field);
    held.push(bias.voxels);
    const rec = new Recording('n4/download');
    const [a, b] = [downloadVolume(rec, corrected), downloadVolume(rec, bias)];
    const results = await engine.execute(rec);
    return { corrected: volumeOf(results, a, corrected), field: volumeOf(results, b, bias), report };
  } finally {
    engine.release(...held);
  }
}
