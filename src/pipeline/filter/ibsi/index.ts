/** IBSI 2's convolution filters: the registry. */
import { type Engine, Recording } from '../../../engine/index.ts';
import type { Box } from '../../box.ts';
import { buffersOf, type DeviceVolume, downloadVolume, toDevice, volumeOf } from '../../device-volume.ts';
import type { Volume } from '../../volume.ts';
import type { FilteredImage } from '../filtered-image.ts';
import { type GaborSettings, recordGabor } from './gabor.ts';
import { type LawsSettings, recordLaws } from './laws.ts';
import { type IbsiLogSettings, recordIbsiLog } from './log.ts';
import { type MeanSettings, recordMean } from './mean.ts';
import { checkOneOf } from './settings.ts';
import { recordSimoncelli, type SimoncelliSettings } from './simoncelli.ts';
import { type IbsiWaveletSettings, recordIbsiWavelet } from './wavelet.ts';

export type { Boundary } from './boundary.ts';
export type { GaborSettings } from './gabor.ts';
export type { LawsSettings } from './laws.ts';
export type { IbsiLogSettings } from './log.ts';
export type { MeanSettings } from './mean.ts';
export type { Pooling } from './settings.ts';
export type { SimoncelliSettings } from './simoncelli.ts';
export type { IbsiWaveletSettings } from './wavelet.ts';

/** Settings of each filter by its name. */
interface IbsiSettings {
  readonly mean: MeanSettings;
  readonly laws: LawsSettings;
  readonly log: IbsiLogSettings;
  readonly gabor: GaborSettings;
  readonly wavelet: IbsiWaveletSettings;
  readonly simoncelli: SimoncelliSettings;
}
type IbsiFilterName = keyof IbsiSettings;

/** A filter and its settings. */
export type IbsiFilterSpec = { [N in IbsiFilterName]: { readonly filter: N } & IbsiSettings[N] }[IbsiFilterName];

type Filter<N extends IbsiFilterName> = (
  rec: Recording,
  image: DeviceVolume,
  settings: IbsiSettings[N],
  box: Box | null,
  software: boolean,
) => FilteredImage[];

/** A new filter goes here. */
const filters: { readonly [N in IbsiFilterName]: Filter<N> } = {
  mean: recordMean,
  laws: recordLaws,
  log: recordIbsiLog,
  gabor: recordGabor,
  wavelet: recordIbsiWavelet,
  simoncelli: recordSimoncelli,
};

/** Names of the filters. */
export const ibsiFilterNames = Object.keys(filters) as readonly IbsiFilterName[];

/**
 * Filters an image on the GPU.
 * @param image stays
 * @param box the voxels wanted; null for all. The image made covers it alone, its values are those of the whole image
 * @param software the adapter runs on the CPU
 * @returns one float32 image, whose buffer is kept and the caller's to release
 * @throws PipelineError BadSetting on an unknown filter or a setting out of its range
 */
export function recordIbsi(
  rec: Recording,
  image: DeviceVolume,
  spec: IbsiFilterSpec,
  box: Box | null = null,
  software = false,
): FilteredImage[] {
  checkOneOf('filter', spec.filter, ibsiFilterNames);
  const record = filters[spec.filter] as Filter<IbsiFilterName>;
  return record(rec, image, spec, box, software);
}

/**
 * Filters an image as the second chapter of the Image Biomarker Standardisation Initiative defines it. All is computed in
 * float32: about 1e-6 of the range of the responses is lost, where the initiative tolerates 1e-2.
 * @returns the responses, float32, on the grid of the image
 * @throws PipelineError BadSetting on an unknown filter or a setting out of its range; EngineError
 */
export async function ibsiFilter(engine: Engine, volume: Volume, spec: IbsiFilterSpec): Promise<Volume> {
  const image = await toDevice(engine, volume);
  try {
    const rec = new Recording('filter/ibsi');
    const [made] = recordIbsi(rec, image, spec, null, engine.caps.software);
    const download = downloadVolume(rec, made!.image);
    const filtered = volumeOf(await engine.execute(rec), download, made!.image);
    engine.release(...buffersOf(made!.image));
    return filtered;
  } finally {
    engine.release(...buffersOf(image));
  }
}
