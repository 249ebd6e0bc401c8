/** Weights by a file that the user has chosen, or `hash:SEED`. */
import { hashSource, type WeightsSourceOptions } from '../format/weights/hash-source.ts';
import { type LoadedWeights, loadWeights } from '../format/weights/index.ts';
import { bytesOf } from './bytes.ts';
import type { NamedFile } from './read.ts';

/**
 * Loads weights in the page.
 * @param source a .pth, .pt, .safetensors or .onnx file, or the text `hash:SEED`
 * @throws PipelineError BadFile, BadWeights, BadSetting
 */
export async function loadWeightsFrom(
  source: NamedFile | string,
  options: WeightsSourceOptions = {},
): Promise<LoadedWeights> {
  if (typeof source === 'string') return hashSource(source, options);
  return loadWeights(await bytesOf(source, source.name), source.name, options);
}
