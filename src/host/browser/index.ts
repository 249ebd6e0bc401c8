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
import { extract, type ExtractOptions } from '../../pipeline/extract.ts';
import { kernelsFor } from '../../pipeline/kernels.ts';
import type { Row } from '../../pipeline/row.ts';
import { parseSettings } from '../../pipeline/settings.ts';
import { decodeImage, itkWasmReader, toMask, toVolume } from '../format/index.ts';

export * from '../../index.ts';

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

export interface BrowserExtractOptions extends ExtractOptions {
  /** Folder of itk-wasm's readers for rare encodings; default: `pipelines` beside this module. */
  readonly pipelinesUrl?: string;
}

/** A file chosen by the user. */
export type NamedFile = Blob & { readonly name: string };

/**
 * Decodes an image and a mask in the page and extracts their features.
 * @throws PipelineError BadFile with the file's name, and whatever `extract` throws
 */
export async function extractFiles(
  engine: Engine,
  image: NamedFile,
  mask: NamedFile,
  options: BrowserExtractOptions = {},
): Promise<Row[]> {
  const settings = parseSettings(options.settings);
  // Kernels compile while the files are decoded. A failure surfaces where the kernel is used.
  engine.prepare(kernelsFor(wantedFeatures(options.classes), settings, null)).catch(() => undefined);
  const readOther = itkWasmReader(
    options.pipelinesUrl ?? new URL(/* @vite-ignore */ 'pipelines', import.meta.url).href,
  );
  const decode = async (file: NamedFile) =>
    decodeImage(new Uint8Array(await file.arrayBuffer()), file.name, { readOther });
  const [volume, labels] = await Promise.all([decode(image), decode(mask)]);
  return extract(engine, toVolume(volume), toMask(labels, settings.label_channel), options);
}
