/** normalise/affine, normalise/affine-wide and normalise/piecewise: maps of every voxel, device to device. */
import affineSource from '../../../shaders/normalise/affine.wgsl?raw';
import affineWideSource from '../../../shaders/normalise/affine-wide.wgsl?raw';
import piecewiseSource from '../../../shaders/normalise/piecewise.wgsl?raw';
import { type BufferRef, defineKernel, type Recording } from '../../engine/index.ts';
import { type DeviceVolume, gridOf, voxelCount } from '../device-volume.ts';
import { boundKey } from '../keys.ts';
import { splitFloat } from '../twofold.ts';

const bindings = { params: 'uniform', voxels: 'read', mapped: 'read_write' } as const;

export const affine = defineKernel({ name: 'normalise/affine', source: affineSource, bindings, workgroup: 256 });
export const affineWide = defineKernel({
  name: 'normalise/affine-wide',
  source: affineWideSource,
  bindings: { params: 'uniform', voxels: 'read', tails: 'read', mapped: 'read_write', mapped_tails: 'read_write' },
  workgroup: 256,
});
export const piecewise = defineKernel({
  name: 'normalise/piecewise',
  source: piecewiseSource,
  bindings: { params: 'uniform', voxels: 'read', segments: 'read', mapped: 'read_write' },
  workgroup: 256,
});

/** y = clamp((x - origin) scale + shift, low, high). */
export interface Affine {
  readonly kind: 'affine';
  readonly origin: number;
  readonly scale: number;
  readonly shift: number;
  /** -Infinity and Infinity where nothing is clamped. */
  readonly low: number;
  readonly high: number;
}

/** Linear between nodes, the end segments continued. */
export interface Piecewise {
  readonly kind: 'piecewise';
  /** Intensities of the nodes: at least two, strictly ascending. */
  readonly from: readonly number[];
  /** What they become. */
  readonly to: readonly number[];
}

export type IntensityMap = Affine | Piecewise;

/** Voxels per invocation: enough to hide the cost of a workgroup on a software driver. */
const STRIP = 16;
const WORDS_PER_SEGMENT = 5;

/** Segments as the shader reads them; slopes in float64. */
function packSegments({ from, to }: Piecewise): Uint32Array {
  const words = new Uint32Array((from.length - 1) * WORDS_PER_SEGMENT);
  const floats = new Float32Array(words.buffer);
  for (let s = 0; s + 1 < from.length; s++) {
    const [x0, x1, y0, y1] = [from[s], from[s + 1], to[s], to[s + 1]] as [number, number, number, number];
    const at = s * WORDS_PER_SEGMENT;
    words[at] = (boundKey('float32', x0, 'at least') as [number, number])[0];
    floats.set([...splitFloat(x0), y0, (y1 - y0) / (x1 - x0)], at + 1);
  }
  return words;
}

/** Maps every voxel into a new image of float32, which is kept. */
export function recordMap(rec: Recording, image: DeviceVolume, map: IntensityMap): DeviceVolume {
  const { voxels } = image;
  const length = voxelCount(image);
  const mapped: BufferRef = rec.keep(rec.buffer(`normalise/${map.kind}.mapped`, length * 4));
  if (map.kind === 'affine') {
    const { origin, scale, shift, low, high } = map;
    const [origin_high, origin_low] = splitFloat(origin);
    rec.dispatch(
      affine,
      { params: { length, strip: STRIP, origin_high, origin_low, scale, shift, low, high }, voxels, mapped },
      Math.ceil(length / STRIP),
    );
  } else {
    const segments = rec.upload('normalise/piecewise.segments', packSegments(map));
    rec.dispatch(
      piecewise,
      { params: { length, strip: STRIP, segments: map.from.length - 1 }, voxels, segments, mapped },
      Math.ceil(length / STRIP),
    );
  }
  return { ...gridOf(image), voxels: mapped, tails: null, type: 'float32' };
}

/** Maps every voxel as float64 would: what float32 cannot hold is in the tails of the new image. Both are kept. */
export function recordExactMap(rec: Recording, image: DeviceVolume, map: Affine): DeviceVolume {
  const { voxels, tails } = image;
  const length = voxelCount(image);
  const mapped = rec.keep(rec.buffer('normalise/affine-wide.mapped', length * 4));
  const mapped_tails = rec.keep(rec.buffer('normalise/affine-wide.tails', length * 4));
  const params = {
    length,
    strip: STRIP,
    has_tails: Number(tails !== null),
    zero: 0,
    origin: splitFloat(map.origin),
    scale: splitFloat(map.scale),
    shift: splitFloat(map.shift),
    low: splitFloat(map.low),
    high: splitFloat(map.high),
  };
  const buffers = { voxels, tails: tails ?? voxels, mapped, mapped_tails };
  rec.dispatch(affineWide, { params, ...buffers }, Math.ceil(length / STRIP));
  return { ...gridOf(image), voxels: mapped, tails: mapped_tails, type: 'float64' };
}
