/** filter/lbp2d: PyRadiomics' LBP2D, that is scikit-image's local binary patterns slice by slice, device to device. */
import source from '../../../shaders/filter/lbp2d.wgsl?raw';
import { defineKernel, type Recording } from '../../engine/index.ts';
import { type Box, wholeBox } from '../box.ts';
import { type DeviceVolume, type VoxelType, voxelCount } from '../device-volume.ts';
import { PipelineError } from '../errors.ts';
import { boxGrid } from '../geometry.ts';
import type { FilteredImage } from './filtered-image.ts';

const file = { source, workgroup: 64 };
const bindings = {
  params: 'uniform',
  voxels: 'read',
  tails: 'read',
  circle: 'read',
  places: 'read',
  codes: 'read_write',
} as const;

export const lbp2dPattern = defineKernel({
  ...file,
  name: 'filter/lbp2d:pattern',
  entryPoint: 'pattern',
  bindings,
});
export const lbp2dVariance = defineKernel({
  ...file,
  name: 'filter/lbp2d:variance',
  entryPoint: 'variance',
  bindings: {
    params: 'uniform',
    voxels: 'read',
    tails: 'read',
    places: 'read',
    codes: 'read_write',
    code_tails: 'read_write',
  },
});

/** By scikit-image's names, in the order of the shader's codes. */
export const lbp2dMethods = ['default', 'ror', 'uniform', 'var'] as const;
export type Lbp2dMethod = (typeof lbp2dMethods)[number];

export interface Lbp2dSettings {
  /** Voxels from the centre to the samples. Default 1. */
  readonly lbp2DRadius?: number;
  /** Samples on the circle, 1 to 24. Default 8, as PyRadiomics' code has it (its documentation says 9). */
  readonly lbp2DSamples?: number;
  /** Default uniform. */
  readonly lbp2DMethod?: Lbp2dMethod;
  /** The axis across the slices: 0 = z (default), 1 = y, 2 = x. */
  readonly force2Ddimension?: 0 | 1 | 2;
}

/** Voxels per invocation. */
const STRIP = 16;
const PLACE_WORDS = 6;
const SAMPLE_WORDS = 5;
/** Codes of more samples would not fit into float32. */
const MOST_SAMPLES = 24;
/** Rows and columns of a slice by `force2Ddimension`, as axes of x, y, z. */
const sliceAxes = [
  [1, 0],
  [2, 0],
  [1, 2],
] as const;

const integerBits: Partial<Record<VoxelType, readonly [bits: number, signed: boolean]>> = {
  int8: [8, true],
  uint8: [8, false],
  int16: [16, true],
  uint16: [16, false],
  int32: [32, true],
  uint32: [32, false],
};

/** numpy.round(x, 5): what it multiplies is rounded half to even. */
function roundTo5(x: number): number {
  const scaled = x * 1e5;
  const down = Math.floor(scaled);
  const rest = scaled - down;
  const up = rest > 0.5 || (rest === 0.5 && down % 2 !== 0);
  return (up ? down + 1 : down) / 1e5;
}

/** Rows and columns of the samples, seen from the centre, rounded as scikit-image rounds them. */
export function circle(samples: number, radius: number): { rows: number[]; columns: number[] } {
  const r = Math.fround(radius);
  const angles = Array.from({ length: samples }, (_, i) => (2 * Math.PI * i) / samples);
  return {
    rows: angles.map((angle) => roundTo5(-r * Math.sin(angle))),
    columns: angles.map((angle) => roundTo5(r * Math.cos(angle))),
  };
}

/** The samples' places along an axis of `length` voxels, as the shader reads them. */
function packPlaces(length: number, offsets: readonly number[], packed: DataView, from: number): void {
  for (let at = 0; at < length; at++) {
    offsets.forEach((offset, i) => {
      const byte = 4 * (from + (at * offsets.length + i) * PLACE_WORDS);
      const position = at + offset;
      const first = Math.floor(position);
      const share = position - first;
      packed.setInt32(byte, first, true);
      packed.setUint32(byte + 4, Math.ceil(position) - first, true);
      for (const [field, weight] of [share, 1 - share].entries()) {
        const bits = new DataView(new ArrayBuffer(8));
        bits.setFloat64(0, weight);
        packed.setUint32(byte + 8 + 8 * field, bits.getUint32(0), true);
        packed.setUint32(byte + 12 + 8 * field, bits.getUint32(4), true);
      }
    });
  }
}

/** The samples as seen from any voxel, those on voxels first. */
function packCircle({ rows, columns }: { rows: readonly number[]; columns: readonly number[] }) {
  const isOnGrid = (i: number) => Number.isInteger(rows[i]) && Number.isInteger(columns[i]);
  const bits = [...rows.keys()];
  const ordered = [...bits.filter(isOnGrid), ...bits.filter((i) => !isOnGrid(i))];
  const packed = new Int32Array(ordered.length * SAMPLE_WORDS);
  const floats = new Float32Array(packed.buffer);
  ordered.forEach((bit, k) => {
    const [row, column] = [rows[bit]!, columns[bit]!];
    packed.set([Math.floor(row), Math.floor(column)], k * SAMPLE_WORDS);
    floats.set([row - Math.floor(row), column - Math.floor(column)], k * SAMPLE_WORDS + 2);
    packed[k * SAMPLE_WORDS + 4] = bit;
  });
  return { packed, onGrid: bits.filter(isOnGrid).length };
}

function checkSettings(radius: number, samples: number, method: string): void {
  if (!(radius > 0 && Number.isFinite(radius))) {
    throw new PipelineError('BadSetting', `lbp2DRadius: expected a number above 0, found ${radius}`);
  }
  if (!Number.isInteger(samples) || samples < 1 || samples > MOST_SAMPLES) {
    throw new PipelineError(
      'BadSetting',
      `lbp2DSamples: expected a whole number from 1 to ${MOST_SAMPLES}, found ${samples}`,
    );
  }
  if (!lbp2dMethods.includes(method as Lbp2dMethod)) {
    throw new PipelineError('BadSetting', `lbp2DMethod: expected one of ${lbp2dMethods.join(', ')}, found ${method}`);
  }
}

/**
 * Takes local binary patterns slice by slice. Samples are interpolated as scikit-image does in float64, rounding included:
 * on flat ground the last bit decides. Of an image with tails that is float64 of their sum.
 * @param box the voxels wanted; all by default. Neighbours outside the box are looked at
 * @returns one image of the type of the given one, as PyRadiomics keeps it (codes are cut off to integers, and lose the bits
 *   that do not fit), float64 of an image of two dimensions
 * @throws PipelineError BadSetting for settings outside their range, or a box that is not inside the image
 */
export function recordLbp2d(
  rec: Recording,
  image: DeviceVolume,
  { lbp2DRadius = 1, lbp2DSamples = 8, lbp2DMethod = 'uniform', force2Ddimension = 0 }: Lbp2dSettings = {},
  box: Box = wholeBox(image),
): FilteredImage[] {
  checkSettings(lbp2DRadius, lbp2DSamples, lbp2DMethod);
  const { voxels, tails, dimension } = image;
  const grid = boxGrid(image, box);
  const length = voxelCount(grid);
  const type = dimension === 2 ? 'float64' : image.type;
  const [row_axis, column_axis] = sliceAxes[dimension === 2 ? 0 : force2Ddimension];
  const [rows, columns] = [image.size[row_axis], image.size[column_axis]];
  const offsets = circle(lbp2DSamples, lbp2DRadius);
  const { packed, onGrid } = packCircle(offsets);
  const places = new Uint32Array((rows + columns) * lbp2DSamples * PLACE_WORDS);
  packPlaces(rows, offsets.rows, new DataView(places.buffer), 0);
  packPlaces(columns, offsets.columns, new DataView(places.buffer), rows * lbp2DSamples * PLACE_WORDS);
  const [cast_bits, cast_signed] = integerBits[type] ?? [0, false];
  // Only variances have more digits than float32.
  const keepsTails = type === 'float64' && lbp2DMethod === 'var';
  const codes = rec.keep(rec.buffer('filter/lbp2d.codes', length * 4));
  const code_tails = rec.buffer('filter/lbp2d.code_tails', keepsTails ? length * 4 : 4);
  const params = {
    size: grid.size,
    length,
    first: box.first,
    strip: STRIP,
    image_size: image.size,
    has_tails: Number(tails !== null),
    row_axis,
    column_axis,
    samples: lbp2DSamples,
    method: lbp2dMethods.indexOf(lbp2DMethod),
    cast_bits,
    cast_signed: Number(cast_signed),
    keep_tails: Number(keepsTails),
    on_grid: onGrid,
    sums: 8,
    terms: 2,
  };
  const args = { params, voxels, tails: tails ?? voxels, places: rec.upload('filter/lbp2d.places', places), codes };
  const invocations = Math.ceil(length / STRIP);
  if (lbp2DMethod === 'var') rec.dispatch(lbp2dVariance, { ...args, code_tails }, invocations);
  else rec.dispatch(lbp2dPattern, { ...args, circle: rec.upload('filter/lbp2d.circle', packed) }, invocations);
  const made: DeviceVolume = { ...grid, voxels: codes, tails: keepsTails ? rec.keep(code_tails) : null, type };
  return [{ name: 'lbp-2D', image: made }];
}
