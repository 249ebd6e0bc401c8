/** Networks for deep features in Node: weights from a file. */
import type { Engine } from '../../engine/index.ts';
import type { DeepNetwork } from '../../pipeline/nn/deep.ts';
import { type NetworkChoice, openLoadedNetwork } from '../deep-network.ts';
import { openOnnxRuntime } from './onnx-runtime.ts';
import { loadWeightsFrom } from './weights.ts';

export interface DeepNetworkOptions extends NetworkChoice {
  /** A checkpoint (.pth, .safetensors, .onnx), or `hash:SEED` for made-up weights. */
  readonly weights: string;
}

/**
 * Opens a 3D ResNet18 for `deepFeatures` and `extract`. Its weights stay on the GPU, or in ONNX Runtime, until `release`.
 * @param engine decides what `backend: 'auto'` means, see `backends`
 * @throws PipelineError BadFile and BadWeights naming what is wrong with the file, BadSetting; EngineError
 */
export async function openDeepNetwork(engine: Engine, options: DeepNetworkOptions): Promise<DeepNetwork> {
  const loaded = await loadWeightsFrom(options.weights, { variant: options.arch });
  return openLoadedNetwork(engine, loaded, options, openOnnxRuntime);
}
