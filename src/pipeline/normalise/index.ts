/** Intensity normalisation on the GPU. */
import { type Engine, type Kernel, Recording } from '../../engine/index.ts';
import { type DeviceMask, uploadMask } from '../device-mask.ts';
import { buffersOf, type DeviceVolume, downloadVolume, uploadVolume, volumeOf } from '../device-volume.ts';
import type { Mask, Volume } from '../volume.ts';
import { digits } from './digits.ts';
import { affine, affineWide, piecewise, recordExactMap, recordMap } from './maps.ts';
import { measure, measureDigits } from './measure.ts';
import { findMap, type NormaliseMethod } from './methods.ts';

export { decodeStatistics, recordStatistics, type Statistics } from './measure.ts';
export {
  type Clip,
  type MethodName,
  methodNames,
  type MinMax,
  type NormaliseMethod,
  type Nyul,
  type PyRadiomicsNormalize,
  type Robust,
  type ZScore,
} from './methods.ts';
export { fitNyul, type NyulImage, type NyulOptions, type NyulScale, parseNyul } from './nyul.ts';
export { normaliseUsage, type NormaliseSpec, parseNormalise } from './parse.ts';
export { samplingOf, type Voxels } from './sampling.ts';
export { percentiles, statistics, type Within } from './statistics.ts';
export { type Region, regions } from './subject.ts';

/** The kernels that a method runs, to be compiled ahead. */
export function normaliseKernels(method: NormaliseMethod, exact = false): Kernel[] {
  const selects = method.name === 'clip' || method.name === 'robust' || method.name === 'nyul';
  const list: unknown[] = [
    measure,
    ...(selects ? [measureDigits, digits] : []),
    method.name === 'nyul' ? piecewise : exact ? affineWide : affine,
  ];
  return list as Kernel[];
}

/**
 * Normalises an image on the GPU. The input stays and is not released; the result is kept.
 * @param mask voxels that methods measure whose region is `mask`
 * @param exact values of a float64 computation (of linear maps; Nyul's scale is float32); otherwise float32
 * @throws PipelineError ConstantImage (SD, range or MAD 0), NonFiniteImage (NaN or infinity among the measured voxels),
 *   EmptyMask (no voxel to measure), BadSetting (a mask is needed), GeometryMismatch (mask of another size)
 */
export async function normalise(
  engine: Engine,
  image: DeviceVolume,
  method: NormaliseMethod,
  mask: DeviceMask | null = null,
  exact = false,
): Promise<DeviceVolume> {
  const map = await findMap({ engine, image, mask }, method);
  const rec = new Recording('normalise/map');
  const mapped = exact && map.kind === 'affine' ? recordExactMap(rec, image, map) : recordMap(rec, image, map);
  await engine.execute(rec);
  return mapped;
}

/**
 * Normalises an image in host memory: one upload, one download.
 * @throws as `normalise`
 */
export async function normaliseVolume(
  engine: Engine,
  volume: Volume,
  method: NormaliseMethod,
  mask: Mask | null = null,
): Promise<Volume> {
  const upload = new Recording('normalise/upload');
  const image = uploadVolume(upload, volume);
  const deviceMask = mask ? uploadMask(upload, mask) : null;
  await engine.execute(upload);
  try {
    const map = await findMap({ engine, image, mask: deviceMask }, method);
    const rec = new Recording('normalise/map');
    const mapped = recordMap(rec, image, map);
    const download = downloadVolume(rec, mapped);
    const result = volumeOf(await engine.execute(rec), download, mapped);
    engine.release(...buffersOf(mapped));
    return result;
  } finally {
    engine.release(...buffersOf(image), ...(deviceMask ? [deviceMask.inside] : []));
  }
}
