/** Networks for deep features: what they are to be, and the columns that their features become. */
import type { Engine } from '../../engine/index.ts';
import { wholeBox } from '../box.ts';
import { buffersOf, type DeviceVolume } from '../device-volume.ts';
import type { PipelineError } from '../errors.ts';
import type { Row } from '../row.ts';
import type { Geometry } from '../volume.ts';
import {
  checkFinite,
  type InputOptions,
  type InputSettings,
  type InputSize,
  inputSettings,
  inputSize,
  prepareInput,
} from './input.ts';

/** What a network keeps in memory, known before it runs. Bytes. */
export interface NetworkMemory {
  /** Of the weights, which stay until `release`. */
  readonly weightBytes: number;
  /** Samples that are computed at once: as many as were asked for, or fewer where they would take too much. */
  readonly batch: number;
  /** Of the activations of such a batch, as they are planned; null on the CPU, whose runtime decides. */
  readonly activationBytes: number | null;
  /** Of the samples of such a batch. */
  readonly inputBytes: number;
}

/** A network with its weights, ready to run. */
export interface DeepNetwork {
  /** Names the columns: `deep_medicalnet_000`. */
  readonly arch: string;
  /** `pool` after the last layer, or the layer whose channels are averaged. */
  readonly layer: string;
  /** The beginning of the network: stride of the first convolution (of torchvision's within planes), and whether a max pool follows. */
  readonly stem: { readonly stride: 1 | 2; readonly maxPool: boolean };
  /**
   * Where the weights come from, without folders, the SHA-256 of their file (null where there is none), and what
   * was left out of it.
   */
  readonly weights: { readonly source: string; readonly sha256: string | null; readonly notes: readonly string[] };
  readonly precision: 'f32' | 'f16';
  /** What computes it: `gpu`, or the runtime on the CPU. */
  readonly backend: string;
  /** Features per sample. */
  readonly count: number;
  /** Samples that should go through it together, where there are as many; 1 where that gains nothing. */
  readonly batch: number;
  /**
   * What it keeps for samples of a size. What prepares the samples takes no more than a few times the crop beside it.
   * @param images default: a batch
   * @throws PipelineError BadSetting, TooLarge where one sample is more than the adapter can bind
   */
  memory(size: InputSize, images?: number): NetworkMemory;
  /**
   * Features of samples, float32 on the GPU, which stay their owner's.
   * @param engine that holds the samples; weights are brought to it when it is first used
   * @throws PipelineError TooLarge, BadSetting after `release`; EngineError
   */
  run(engine: Engine, samples: readonly DeviceVolume[]): Promise<readonly Float32Array[]>;
  /** Gives the weights back; the network cannot be used any more. Twice is no error. */
  release(): Promise<void>;
}

/** Deep features as an extraction takes them. */
export interface DeepOptions extends InputOptions {
  readonly network: DeepNetwork;
}

/** Columns of features, and why they are NaN where they are. */
export interface DeepColumns {
  readonly values: Row;
  readonly reasons: Readonly<Record<string, string>>;
}

/** Names of the columns. Those of a layer before the last tell which. */
function columnNames({ arch, layer, count }: DeepNetwork): string[] {
  const prefix = layer === 'pool' ? `deep_${arch}` : `deep_${arch}_${layer}`;
  return Array.from({ length: count }, (_, k) => `${prefix}_${String(k).padStart(3, '0')}`);
}

const OVERFLOW = 'the network’s activations overflow; check the weights and the intensities, or use precision f32';

/** The columns of one sample. */
function columnsOf(network: DeepNetwork, features: Float32Array): DeepColumns {
  const values: Row = {};
  const reasons: Record<string, string> = {};
  columnNames(network).forEach((name, k) => {
    const value = features[k] as number;
    values[name] = Number.isFinite(value) ? value : Number.NaN;
    if (!Number.isFinite(value)) reasons[name] = OVERFLOW;
  });
  return { values, reasons };
}

/** The columns of a region without features. */
export function missingColumns(network: DeepNetwork, error: PipelineError): DeepColumns {
  const names = columnNames(network);
  return {
    values: Object.fromEntries(names.map((name) => [name, Number.NaN])),
    reasons: Object.fromEntries(names.map((name) => [name, `${error.code}: ${error.message}`])),
  };
}

/** What the features depend on beside the image. @param input null for an image as it is */
export function deepDiagnostics(network: DeepNetwork, size: readonly number[], input: InputSettings | null): Row {
  const { arch, layer, stem, weights, precision, backend } = network;
  const prepared = input && {
    margin: `${input.margin.value} ${input.margin.unit}`,
    zscore: input.zscore ?? 'none',
    masked: input.masked,
    noise: input.noise,
  };
  return {
    diagnostics_Deep_Architecture: arch,
    diagnostics_Deep_Weights: weights.source,
    diagnostics_Deep_Weights_Sha256: weights.sha256,
    diagnostics_Deep_Layer: layer,
    diagnostics_Deep_Stem: { ...stem },
    diagnostics_Deep_Size: size,
    diagnostics_Deep_Input: prepared ?? 'raw',
    diagnostics_Deep_Precision: precision,
    diagnostics_Deep_Backend: backend,
  };
}

/** The columns of samples, which stay their owner's. @throws as `DeepNetwork.run` */
export async function columnsOfSamples(
  engine: Engine,
  network: DeepNetwork,
  samples: readonly DeviceVolume[],
): Promise<DeepColumns[]> {
  return (await network.run(engine, samples)).map((features) => columnsOf(network, features));
}

/** What became of a region. */
export type DeepOutcome = DeepColumns | PipelineError;

/** Size of the input that a region of an image gets. */
export const deepSize = (image: Geometry, options: InputOptions): InputSize => inputSize(image, inputSettings(options));

/**
 * Features of a whole image.
 * @param raw as it is, without resizing and normalisation
 * @throws PipelineError NonFiniteImage, ConstantImage, TooLarge
 */
export async function deepImage(
  engine: Engine,
  image: DeviceVolume,
  { network, ...options }: DeepOptions,
  raw: boolean,
): Promise<DeepColumns> {
  if (raw) {
    await checkFinite(engine, image);
    // Values of an integer type are float32 there too.
    return (await columnsOfSamples(engine, network, [{ ...image, tails: null, type: 'float32' }]))[0]!;
  }
  const samples = await prepareInput(engine, image, [{ box: wholeBox(image), inside: null }], inputSettings(options));
  const columns = await columnsOfSamples(engine, network, samples).finally(() =>
    engine.release(...samples.flatMap(buffersOf)),
  );
  return columns[0]!;
}
