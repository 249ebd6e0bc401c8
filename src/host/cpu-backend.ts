/** The 3D ResNet18 on the CPU by ONNX Runtime: where the only WebGPU adapter computes on the CPU, its SIMD is faster. */
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { PipelineError } from '../pipeline/errors.ts';
import type { Architecture } from '../pipeline/nn/manifest.ts';
import type { Weights } from '../pipeline/nn/weights.ts';
import { encodeOnnx, onnxNames } from './format/weights/onnx-write.ts';

/** A build of ONNX Runtime, as its host opened it. */
export interface OnnxRuntime {
  /** Name, version and threads, for diagnostics. */
  readonly description: string;
  readonly Tensor: typeof Tensor;
  /** Opens a model. @param model bytes of an .onnx file */
  open(model: Uint8Array): Promise<InferenceSession>;
}

/** A network that is ready to run. */
export interface CpuBackend {
  /** What computes, for diagnostics. */
  readonly description: string;
  /** Bytes of the model that was opened, nearly all of them weights. */
  readonly modelBytes: number;
  /**
   * Features of a batch of volumes, [batch, features] in C order; 8 * width of the last layer.
   * @param input in C order
   * @param shape [batch, channel, depth, height, width]
   * @throws PipelineError BadSetting where the input has another number of values or channels, TooLarge where the runtime
   * fails on it, which it does for want of memory
   */
  features(input: Float32Array, shape: readonly number[]): Promise<Float32Array>;
  /** Frees the network's memory. */
  release(): Promise<void>;
}

/** What a runtime says of its own failures, which it has for want of memory. */
const failure =
  ({ description }: OnnxRuntime, work: string, todo: string) =>
  (cause: unknown): never => {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new PipelineError('TooLarge', `${description} could not ${work} (${words}); ${todo}`, { cause });
  };

/**
 * Opens a network on a runtime. Its weights are written as an ONNX model once, and are not needed afterwards.
 * @param weights checked against the architecture
 * @param channels of the inputs: those of the first convolution, or 1, which gives what a repeated channel gives
 * @param layer number of the last layer, 1 to 4; its channels are averaged
 * @throws PipelineError TooLarge where the runtime fails on it, which it does for want of memory
 */
export async function openCpuBackend(
  runtime: OnnxRuntime,
  architecture: Architecture,
  weights: Weights,
  channels = 1,
  layer = 4,
): Promise<CpuBackend> {
  const model = encodeOnnx(architecture, weights, channels, layer);
  const modelBytes = model.byteLength;
  const session = await runtime
    .open(model)
    .catch(failure(runtime, 'open the network', 'free memory, or take backend gpu'));
  return {
    description: runtime.description,
    modelBytes,
    async features(input, shape) {
      if (
        shape.length !== 5 ||
        shape[1] !== channels ||
        input.length === 0 ||
        input.length !== shape.reduce((product, n) => product * n, 1)
      ) {
        throw new PipelineError(
          'BadSetting',
          `expected an input [batch, ${channels}, depth, height, width] of at least one voxel, ` +
            `found the shape [${shape.join(', ')}] with ${input.length} values; check the input`,
        );
      }
      const [depth, height, width] = shape.slice(2);
      const work = `compute a batch of ${shape[0]} of ${width} x ${height} x ${depth} voxels`;
      // A copy, since a runtime in a worker takes the values away.
      const tensor = new runtime.Tensor('float32', input.slice(), shape);
      const { [onnxNames.output]: output } = await session
        .run({ [onnxNames.input]: tensor })
        .catch(failure(runtime, work, 'take a smaller size or free memory'));
      const features = (await output!.getData()) as Float32Array;
      output!.dispose();
      return features;
    },
    release: () => session.release(),
  };
}
