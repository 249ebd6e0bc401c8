/**
 * voxomics for web pages: the same engine, kernels and features on `navigator.gpu`. Images never leave the page.
 *
 * @example
 * import { createEngine, extractFiles } from 'voxomics/browser';
 * const engine = await createEngine();
 * const rows = await extractFiles(engine, imageFile, maskFile, { labels: 'all' });
 */
import { Engine, EngineError, type EngineOptions } from '../../engine/index.ts';
import { wantedFeatures } from '../../pipeline/classes.ts';
import type { ExtractOptions } from '../../pipeline/extract.ts';
import { wantedImageTypes } from '../../pipeline/image-types.ts';
import { kernelsFor } from '../../pipeline/kernels.ts';
import type { Row } from '../../pipeline/row.ts';
import { parseSettings } from '../../pipeline/settings.ts';
import { extractMask } from '../extract-mask.ts';
import type { DicomMaskOptions } from '../format/dicom/mask.ts';
import type { ReadSeriesOptions } from '../format/dicom/read.ts';
import { toVolume } from '../format/index.ts';
import { type ChosenFiles, type ReadOptions, readImage, readMask } from './read.ts';

export * from '../../index.ts';
export { type DeepNetworkOptions, openDeepNetwork } from './deep-network.ts';
export { type ChosenFiles, listDicom, type NamedFile, type ReadOptions, readImage, readMask } from './read.ts';
export { type OnnxRuntimeOptions, openOnnxRuntime } from './onnx-runtime.ts';
export { loadWeightsFrom } from './weights.ts';

/**
 * Makes an engine on the browser's GPU.
 * @throws EngineError NoAdapter, saying what is missing
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const gpu = globalThis.navigator?.gpu;
  if (!gpu) {
    const where =
      globalThis.isSecureContext === false ? 'WebGPU needs https or localhost' : 'this browser has no WebGPU';
    throw new EngineError('NoAdapter', `${where}; use a current Chromium, Edge, Safari or Firefox (WebGPU enabled)`);
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new EngineError(
      'NoAdapter',
      'the browser offers no GPU adapter; enable hardware acceleration in its settings',
    );
  }
  return Engine.open(adapter, { ...options, keepAlive: gpu });
}

export interface BrowserExtractOptions extends ExtractOptions, ReadOptions {
  /** Which image of DICOM files, see `readSeries`. */
  readonly image?: ReadSeriesOptions;
  /** Which structures or segments of a DICOM mask, see `readDicomMask`. */
  readonly mask?: DicomMaskOptions;
}

/**
 * Decodes an image and a mask in the page and extracts their features.
 * @param image a file, or the DICOM files of a folder; the mask likewise
 * @throws PipelineError BadFile with the file's name, and whatever `readImage`, `readMask` and `extract` throw
 */
export async function extractFiles(
  engine: Engine,
  image: ChosenFiles,
  mask: ChosenFiles,
  { image: imageChoice, mask: maskChoice, pipelinesUrl, ...options }: BrowserExtractOptions = {},
): Promise<Row[]> {
  const settings = parseSettings(options.settings);
  // Kernels compile while the files are decoded. A failure surfaces where the kernel is used.
  const types = wantedImageTypes(options.imageTypes, options.settings);
  engine.prepare(kernelsFor(wantedFeatures(options.classes), settings, null, types)).catch(() => undefined);
  const [decoded, loaded] = await Promise.all([
    readImage(image, { ...imageChoice, pipelinesUrl }),
    readMask(mask, { ...maskChoice, pipelinesUrl, labelChannel: settings.label_channel }),
  ]);
  return extractMask(engine, toVolume(decoded), loaded, options);
}
