/** Weights of networks from files: PyTorch's checkpoints, safetensors, ONNX. */
import type { WeightTensor } from '../../../pipeline/nn/weights.ts';
import { PipelineError } from '../../../pipeline/errors.ts';
import {
  type Architecture,
  checkedWeights,
  compareManifest,
  detectArchitecture,
  type Variant,
} from '../../../pipeline/nn/manifest.ts';
import type { Weights } from '../../../pipeline/nn/weights.ts';
import { baseName } from '../decoded.ts';
import { isZip } from '../zip.ts';
import { isOnnx } from './onnx-model.ts';
import { readOnnx } from './onnx-network.ts';
import { isPickle, readPytorchLegacy, readPytorchZip } from './pytorch.ts';
import { isSafetensors, readSafetensors } from './safetensors.ts';
import { isFloat } from './stored-tensor.ts';
import { refusal, type WeightsFile } from './weights-file.ts';

export type { StoredTensor } from './stored-tensor.ts';
export type { Container, WeightsFile } from './weights-file.ts';

/** Endings of the files that can be read. */
export const weightExtensions = ['.pth', '.pt', '.safetensors', '.onnx'] as const;

/** What a file that is none of ours looks like. */
function appearance(bytes: Uint8Array): readonly [found: string, todo?: string] {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 200));
  if (bytes.length === 0) return ['an empty file'];
  if (start.startsWith('version https://git-lfs'))
    return ['a pointer of Git LFS instead of the file', 'fetch the file itself (git lfs pull, or download it)'];
  if (/^\s*<(!doctype|html|\?xml)/i.test(start))
    return ['a web page saved as a file', 'download the file itself, not the page that links to it'];
  if (start.slice(257, 262) === 'ustar') return ['a tar archive', 'unpack it'];
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return ['a gzip file', 'unpack it'];
  return ['something else', 'choose one of these, or export the weights again'];
}

/**
 * Reads a file of weights; its kind is told by its content.
 * @param bytes the whole file; tensors may be views of it
 * @param name file name, for messages
 * @throws PipelineError BadFile saying what was expected, what was found and what to do
 */
export function readWeightsFile(bytes: Uint8Array, name: string): WeightsFile {
  if (isZip(bytes)) return readPytorchZip(bytes, name);
  if (isPickle(bytes)) return readPytorchLegacy(bytes, name);
  if (isSafetensors(bytes)) return readSafetensors(bytes, name);
  if (isOnnx(bytes)) return readOnnx(bytes, name);
  if (bytes.length > 0 && /\.safetensors$/i.test(name)) return readSafetensors(bytes, name);
  throw refusal(name, `a file of weights (${weightExtensions.join(', ')})`)(...appearance(bytes));
}

/** SHA-256 in hexadecimal digits; null where the platform has no Web Crypto (pages without https). */
export async function sha256Hex(bytes: Uint8Array): Promise<string | null> {
  const { subtle } = globalThis.crypto;
  if (!subtle) return null;
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Weights that fit a network, and where they come from. */
export interface LoadedWeights {
  readonly architecture: Architecture;
  readonly weights: Weights;
  /** For the row's diagnostics: name of the file, or `hash:SEED`. */
  readonly source: string;
  /** Of the file. Null for `hash:` and where the platform has no Web Crypto. */
  readonly sha256: string | null;
  /** What was left out or changed, a sentence each. */
  readonly notes: readonly string[];
}

export interface LoadWeightsOptions {
  /** Default: the first that fits the file; of the two that share their tensors, `medicalnet`. */
  readonly variant?: Variant;
  /** Whether tensors that the network does not have are refused; else they are left out with a note. Default true. */
  readonly strict?: boolean;
}

/** The architecture of a file as far as it tells, of the wanted variant. @throws PipelineError BadWeights */
function architectureOf(file: WeightsFile, name: string, wanted: Variant | undefined): Architecture {
  const detected = detectArchitecture(file.tensors);
  const variants = file.architecture ? [file.architecture.variant] : (detected?.variants ?? []);
  if (!detected || (wanted && !variants.includes(wanted))) {
    throw new PipelineError(
      'BadWeights',
      `${name}: expected the tensors of a 3D ResNet18${wanted ? ` (${wanted})` : ''}, found ` +
        `${detected ? `those of ${variants.join(' or ')}` : `no first convolution among ${file.tensors.size} tensors`}; ` +
        'choose the architecture of the file (voxomics weights inspect FILE compares all), or another file',
    );
  }
  const { variants: _, ...rest } = detected;
  return file.architecture ?? { ...rest, variant: wanted ?? variants[0]! };
}

/**
 * The weights of a file that a network uses, decoded and checked.
 * @throws PipelineError BadWeights on missing, unexpected or misshapen tensors, integers, NaN, infinities, negative
 * variances
 */
export function selectWeights(
  file: WeightsFile,
  path: string,
  { variant, strict = true }: LoadWeightsOptions = {},
): Pick<LoadedWeights, 'architecture' | 'weights' | 'notes'> {
  const name = baseName(path);
  const architecture = architectureOf(file, name, variant);
  const { used, ignored, unexpected } = compareManifest(file.tensors, architecture);
  const needed = new Set(used);
  const decoded = new Map<string, WeightTensor>();
  for (const [key, tensor] of file.tensors) {
    const { dtype, shape } = tensor;
    const wanted = needed.has(key);
    if (wanted && !isFloat(dtype)) {
      throw new PipelineError(
        'BadWeights',
        `${name}: expected weights in floating point, found ${key} of the type ${dtype}; take a checkpoint that is not quantised`,
      );
    }
    // The values of others are never looked at.
    decoded.set(key, { shape, data: wanted ? tensor.values() : new Float32Array() });
  }
  const weights = checkedWeights(decoded, architecture, name, strict);
  const notes = [...file.notes];
  const heads = ignored.filter((key) => !key.endsWith('num_batches_tracked'));
  if (heads.length > 0) notes.push(`Tensors of heads are left out: ${heads.join(', ')}.`);
  if (unexpected.length > 0) notes.push(`Unexpected tensors are left out: ${unexpected.join(', ')}.`);
  return { architecture, weights, notes };
}

/**
 * Reads, checks and hashes a file of weights.
 * @param bytes the whole file; it must not change afterwards, since weights are views of it where possible
 * @throws PipelineError BadFile, BadWeights
 */
export async function loadWeights(
  bytes: Uint8Array,
  name: string,
  options: LoadWeightsOptions = {},
): Promise<LoadedWeights> {
  const hash = sha256Hex(bytes);
  const selected = selectWeights(readWeightsFile(bytes, name), name, options);
  return { ...selected, source: baseName(name), sha256: await hash };
}
