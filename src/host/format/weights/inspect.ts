/** What a file of weights holds, and which networks it fits. */
import {
  type Architecture,
  checkedWeights,
  compareManifest,
  describeManifest,
  detectArchitecture,
  fits,
  type Variant,
  variants,
} from '../../../pipeline/nn/manifest.ts';
import { PipelineError } from '../../../pipeline/errors.ts';
import { baseName } from '../decoded.ts';
import { readWeightsFile, sha256Hex } from './index.ts';
import { type DType, isFloat, type StoredTensor, sizeOf } from './stored-tensor.ts';
import type { Container, WeightsFile } from './weights-file.ts';

export interface TensorReport {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Of the finite values; null where there is none. */
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  /** Values that are NaN or infinite. */
  readonly nonFinite: number;
}

export interface VariantReport {
  readonly variant: Variant;
  readonly fits: boolean;
  /** What differs, a line per kind. */
  readonly differences: readonly string[];
}

export interface WeightsReport {
  readonly file: string;
  readonly container: Container;
  readonly bytes: number;
  readonly sha256: string | null;
  /** Of a 3D ResNet18; null where there is no first convolution of one. */
  readonly network: {
    readonly variants: readonly Variant[];
    readonly width: number;
    readonly channels: number;
    readonly shortcut: Architecture['shortcut'];
    readonly features: number;
  } | null;
  /** Trained values: not running means and variances, not the tensors that the features do not need. */
  readonly parameters: number;
  readonly variants: readonly VariantReport[];
  /** What is wrong with the values; null where nothing is, or where no variant fits. */
  readonly fault: string | null;
  readonly notes: readonly string[];
  readonly tensors: readonly TensorReport[];
}

function describeTensor(name: string, tensor: StoredTensor): TensorReport {
  const { dtype, shape } = tensor;
  let [min, max, sum, count, nonFinite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
  for (const value of tensor.values()) {
    if (!Number.isFinite(value)) {
      nonFinite++;
      continue;
    }
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    count++;
  }
  const orNull = (value: number) => (count > 0 ? value : null);
  return { name, dtype, shape, min: orNull(min), max: orNull(max), mean: orNull(sum / count), nonFinite };
}

/** The architecture of a variant that is nearest to a file. */
function candidate(file: WeightsFile, variant: Variant): Architecture {
  if (file.architecture?.variant === variant) return file.architecture;
  const video = variant === 'torchvision';
  const detected = detectArchitecture(file.tensors);
  return {
    variant,
    width: detected?.width ?? 64,
    channels: detected?.channels ?? (video ? 3 : 1),
    shortcut: video ? 'B' : (detected?.shortcut ?? 'A'),
  };
}

function compareVariant(file: WeightsFile, variant: Variant): VariantReport {
  const report = compareManifest(file.tensors, candidate(file, variant));
  const integers = report.used.filter((key) => !isFloat(file.tensors.get(key)!.dtype));
  const other = file.architecture && file.architecture.variant !== variant;
  const differences = [
    ...describeManifest(report),
    ...integers.map((key) => `not in floating point: ${key} (${file.tensors.get(key)!.dtype})`),
    ...(other ? [`the graph is that of ${file.architecture.variant}`] : []),
  ];
  return { variant, fits: fits(report) && differences.length === 0, differences };
}

/** What is wrong with the values that a variant uses. */
function faultOf(file: WeightsFile, variant: Variant, name: string): string | null {
  const architecture = candidate(file, variant);
  const { used } = compareManifest(file.tensors, architecture);
  const decoded = used.map((key) => {
    const tensor = file.tensors.get(key)!;
    return [key, { shape: tensor.shape, data: tensor.values() }] as const;
  });
  try {
    checkedWeights(new Map(decoded), architecture, name);
    return null;
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return error.message;
  }
}

/**
 * Describes a file of weights.
 * @param bytes the whole file
 * @throws PipelineError BadFile where it cannot be read
 */
export async function inspectWeights(bytes: Uint8Array, path: string): Promise<WeightsReport> {
  const hash = sha256Hex(bytes);
  const name = baseName(path);
  const file = readWeightsFile(bytes, name);
  const compared = variants.map((variant) => compareVariant(file, variant));
  const detected = detectArchitecture(file.tensors);
  const first = compared.find((report) => report.fits)?.variant;
  const nearest = first ?? file.architecture?.variant ?? detected?.variants[0];
  const needed = nearest ? compareManifest(file.tensors, candidate(file, nearest)).used : [...file.tensors.keys()];
  const trained = needed.filter((key) => !/\.running_(mean|var)$/.test(key));
  return {
    file: name,
    container: file.container,
    bytes: bytes.length,
    sha256: await hash,
    network: detected
      ? {
          variants: file.architecture ? [file.architecture.variant] : detected.variants,
          width: detected.width,
          channels: detected.channels,
          shortcut: detected.shortcut,
          features: 8 * detected.width,
        }
      : null,
    parameters: trained.reduce((sum, key) => sum + sizeOf(file.tensors.get(key)!.shape), 0),
    variants: compared,
    fault: first ? faultOf(file, first, name) : null,
    notes: file.notes,
    tensors: Array.from(file.tensors, ([key, tensor]) => describeTensor(key, tensor)),
  };
}
