/** Deep features of an image: of the regions of a mask, of the whole, or of the image as it is. */
import type { Engine } from '../../engine/index.ts';
import { imageDiagnostics, stepColumns } from '../diagnostics.ts';
import { PipelineError } from '../errors.ts';
import { type ExtractOptions, extract } from '../extract.ts';
import { preprocessOnDevice } from '../preprocess.ts';
import type { Row } from '../row.ts';
import { version } from '../../version.ts';
import type { Mask, Volume } from '../volume.ts';
import { type DeepOptions, deepDiagnostics, deepImage, deepSize } from './deep.ts';
import { inputSettings } from './input.ts';

export interface DeepFeaturesOptions
  extends DeepOptions,
    Pick<ExtractOptions, 'labels' | 'geometry' | 'notes' | 'settings' | 'preprocess' | 'signal' | 'onProgress'> {
  /** The network gets the image as it is: its own size and values, no mask. Default false. */
  readonly raw?: boolean;
}

const bad = (message: string) => new PipelineError('BadSetting', message);

/**
 * Features that a 3D ResNet18 computes of regions, for one or more regions of a mask: the region's box with a margin is cut
 * out, resized (linear, over the same extent), normalised and put through the network, all on the GPU. Regions share batches.
 *
 * With a mask this is `extract` with the option `deep` and no feature classes: rows, diagnostics, preprocessing and errors
 * are the same. Without one the whole image, after the preprocessing, is the crop.
 * @param image scalar image; one of one slice is a volume of depth 1
 * @param mask label map on the image's grid; null for the whole image
 * @param options.network from `openDeepNetwork`; stays its owner's
 * @returns one row per region: diagnostics (with the architecture, SHA-256 of the weights, layer, input size, precision and
 * backend), then `deep_<architecture>_000` …
 * @throws PipelineError BadSetting on options that do not go together, NonFiniteImage, ConstantImage, and whatever `extract`
 * throws; EngineError
 */
export async function deepFeatures(
  engine: Engine,
  image: Volume,
  mask: Mask | null,
  { network, size, margin, zscore, masked, noise, raw = false, ...options }: DeepFeaturesOptions,
): Promise<Row[]> {
  const input = { size, margin, zscore, masked, noise };
  const deep = { network, ...input };
  if (raw) {
    const given = Object.entries({ mask: mask ?? undefined, ...input, preprocess: options.preprocess });
    const unused = given.find(([, value]) => value !== undefined)?.[0];
    if (unused) throw bad(`raw: the network gets the image as it is; leave out ${unused}`);
  }
  if (mask) return extract(engine, image, mask, { ...options, classes: [], deep });
  if (masked || zscore === 'mask' || options.labels !== undefined)
    throw bad('expected a mask for a masked crop, a z-score in the mask or labels, found none; pass the mask');
  return [await wholeRow(engine, image, deep, raw, options)];
}

/** The row of an image without a mask. */
async function wholeRow(
  engine: Engine,
  image: Volume,
  deep: DeepOptions,
  raw: boolean,
  { notes = [], preprocess: steps = {}, signal, onProgress }: Omit<DeepFeaturesOptions, keyof DeepOptions | 'raw'>,
): Promise<Row> {
  signal?.throwIfAborted();
  const settings = raw ? null : inputSettings(deep);
  const { image: ready, release } = await preprocessOnDevice(engine, image, steps, { signal, onProgress });
  try {
    const { values, reasons } = await deepImage(engine, ready, deep, raw);
    return {
      diagnostics_Versions_voxomics: version,
      ...(await imageDiagnostics(image)),
      ...stepColumns(image, steps),
      ...deepDiagnostics(deep.network, raw ? [...image.size].reverse() : deepSize(ready, deep), settings),
      diagnostics_Adapter: engine.caps.adapter,
      diagnostics_Driver: engine.caps.driver,
      ...values,
      ...(notes.length > 0 ? { voxomics_notes: notes } : {}),
      voxomics_reasons: reasons,
    };
  } finally {
    release();
  }
}
