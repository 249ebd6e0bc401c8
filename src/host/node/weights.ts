/** Weights by the name that a user gives: a file, or `hash:SEED`. */
import { hashSource, isHashSource, type WeightsSourceOptions } from '../format/weights/hash-source.ts';
import { type LoadedWeights, loadWeights, weightExtensions } from '../format/weights/index.ts';
import { readBytes } from './files.ts';

/** What a file of weights is called in messages. */
export const weightsWanted = `a file of weights (${weightExtensions.join(', ')})`;

/**
 * Loads weights.
 * @param source path of a .pth, .pt, .safetensors or .onnx file, or `hash:SEED`
 * @throws PipelineError BadFile, BadWeights, BadSetting
 */
export async function loadWeightsFrom(source: string, options: WeightsSourceOptions = {}): Promise<LoadedWeights> {
  if (isHashSource(source)) return hashSource(source, options);
  return loadWeights(await readBytes(source, weightsWanted), source, options);
}
