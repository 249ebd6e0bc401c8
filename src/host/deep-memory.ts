/** What a network keeps in memory, in words. */
import { PipelineError } from '../pipeline/errors.ts';
import type { DeepNetwork } from '../pipeline/nn/deep.ts';
import type { InputSize } from '../pipeline/nn/input.ts';

/** Three digits, as in 105 MB. */
function bytesText(bytes: number): string {
  const [unit, name] = bytes >= 1e9 ? [1e9, 'GB'] : bytes >= 1e6 ? [1e6, 'MB'] : [1e3, 'kB'];
  return `${Number((bytes / unit).toPrecision(3))} ${name}`;
}

/**
 * What a network will keep, before it runs; that its input is too large, where it is.
 * @param size of its input, depth, height and width; images of one slice take less
 * @throws PipelineError BadSetting
 */
export function memoryText(network: DeepNetwork, size: InputSize): string {
  const voxels = `${size[2]} x ${size[1]} x ${size[0]} voxels`;
  try {
    const { weightBytes, batch, activationBytes, inputBytes } = network.memory(size);
    const activations =
      activationBytes === null ? 'activations as its runtime needs them' : `activations ${bytesText(activationBytes)}`;
    const inputs = batch === 1 ? `one input of ${voxels}` : `up to ${batch} inputs of ${voxels}`;
    return `weights ${bytesText(weightBytes)}; ${inputs} at a time: ${bytesText(inputBytes)}, ${activations}`;
  } catch (error) {
    // The work itself says it, unless its images have one slice.
    if (!(error instanceof PipelineError && error.code === 'TooLarge')) throw error;
    return `${voxels} are too many`;
  }
}
