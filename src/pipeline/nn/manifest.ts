/**
 * The tensors of a 3D ResNet18: which names and shapes a set of weights must have, and what differs.
 *
 * Names are those of the published networks: MedicalNet and MONAI (`conv1`, `bn1`, `layer1.0.conv1` …) share one set,
 * torchvision's r3d_18 (`stem.0`, `stem.1`, `layer1.0.conv1.0` …) has its own.
 */
import { PipelineError } from '../errors.ts';
import type { Weights, WeightTensor } from './weights.ts';

export const variants = ['medicalnet', 'monai', 'torchvision'] as const;
export type Variant = (typeof variants)[number];
/** How a block whose channels or stride change passes its input on: A = every second voxel and channels of zeros, B = a convolution. */
export type Shortcut = 'A' | 'B';

type Triple = readonly [number, number, number];

export interface Architecture {
  readonly variant: Variant;
  /** Channels of the first layer: 64 in the published networks. There are eight times as many features. */
  readonly width: number;
  /** Input channels of the first convolution. */
  readonly channels: number;
  readonly shortcut: Shortcut;
  /** Of the first convolution of `medicalnet` and `monai`, on all axes. Default 2; 1 is MONAI's own default. */
  readonly stemStride?: 1 | 2;
  /** Whether `medicalnet` and `monai` pool after the first convolution. Default true. */
  readonly maxPool?: boolean;
}

/** A convolution with the batch norm after it. Axes are depth, height, width. */
export interface Convolution {
  /** Key of its tensors without `.weight` and `.bias`. */
  readonly key: string;
  /** Key of the batch norm's tensors without `.weight`, `.running_mean` … */
  readonly norm: string;
  /** Of the weights: [out, in, depth, height, width]. */
  readonly shape: readonly [number, number, number, number, number];
  readonly stride: Triple;
  readonly padding: Triple;
  readonly dilation: Triple;
}

/** Two convolutions and the way around them. */
export interface Block {
  /** As in `layer2.0`. */
  readonly name: string;
  readonly conv1: Convolution;
  readonly conv2: Convolution;
  /** Of shortcut B; absent where the input is passed on as it is, or by shortcut A. */
  readonly downsample?: Convolution;
}

export interface Network {
  readonly stem: Convolution;
  readonly maxPool: boolean;
  readonly blocks: readonly Block[];
}

/** Batch norm's epsilon in all three networks. */
export const normEpsilon = 1e-5;

const cube = (n: number): Triple => [n, n, n];

/** The layers of an architecture (MedicalNet models/resnet.py, MONAI nets/resnet.py, torchvision video/resnet.py). */
export function networkOf({
  variant,
  width,
  channels,
  shortcut,
  stemStride = 2,
  maxPool = true,
}: Architecture): Network {
  const video = variant === 'torchvision';
  const dilated = variant === 'medicalnet';
  const strides = dilated ? [1, 2, 1, 1] : [1, 2, 2, 2];
  const dilations = dilated ? [1, 1, 2, 4] : [1, 1, 1, 1];
  const stem: Convolution = {
    ...(video ? { key: 'stem.0', norm: 'stem.1' } : { key: 'conv1', norm: 'bn1' }),
    shape: [width, channels, video ? 3 : 7, 7, 7],
    stride: video ? [1, 2, 2] : cube(stemStride),
    padding: [video ? 1 : 3, 3, 3],
    dilation: cube(1),
  };
  const convolution = (block: string, n: 1 | 2, into: number, from: number, stride: number, dilation: number) => ({
    ...(video
      ? { key: `${block}.conv${n}.0`, norm: `${block}.conv${n}.1` }
      : { key: `${block}.conv${n}`, norm: `${block}.bn${n}` }),
    shape: [into, from, 3, 3, 3] as const,
    stride: cube(stride),
    padding: cube(dilation),
    dilation: cube(dilation),
  });
  const blocks: Block[] = [];
  let from = width;
  for (let layer = 0; layer < 4; layer++) {
    const into = width << layer;
    for (const place of [0, 1]) {
      const name = `layer${layer + 1}.${place}`;
      const stride = place === 0 ? strides[layer]! : 1;
      const changes = stride !== 1 || from !== into;
      blocks.push({
        name,
        conv1: convolution(name, 1, into, from, stride, dilations[layer]!),
        conv2: convolution(name, 2, into, into, 1, dilations[layer]!),
        ...(changes && shortcut === 'B'
          ? {
              downsample: {
                key: `${name}.downsample.0`,
                norm: `${name}.downsample.1`,
                shape: [into, from, 1, 1, 1] as const,
                stride: cube(stride),
                padding: cube(0),
                dilation: cube(1),
              },
            }
          : {}),
      });
      from = into;
    }
  }
  return { stem, maxPool: maxPool && !video, blocks };
}

/** All convolutions in the order in which they are computed. */
export function convolutionsOf(architecture: Architecture): Convolution[] {
  const { stem, blocks } = networkOf(architecture);
  return [
    stem,
    ...blocks.flatMap(({ conv1, conv2, downsample }) => [conv1, conv2, ...(downsample ? [downsample] : [])]),
  ];
}

/** Tensors of a batch norm, each of one value per channel. */
export const normTensors = ['weight', 'bias', 'running_mean', 'running_var'] as const;

/** What of a file has no part in the features: counters of training, and the heads that were trained on top. */
const ignorable = /(^|\.)num_batches_tracked$|^fc\.(weight|bias)$|^conv_seg\./;

/** Whether the batch norm is folded into the convolution: a bias, and no tensor of the norm. */
export const isFolded = (found: ReadonlyMap<string, unknown>, { key, norm }: Convolution): boolean =>
  found.has(`${key}.bias`) && !normTensors.some((name) => found.has(`${norm}.${name}`));

/** What differs between a set of tensors and an architecture. */
export interface ManifestReport {
  /** Keys with the shape that they should have. */
  readonly missing: readonly { readonly key: string; readonly shape: readonly number[] }[];
  readonly unexpected: readonly string[];
  readonly mismatched: readonly {
    readonly key: string;
    readonly expected: readonly number[];
    readonly found: readonly number[];
  }[];
  /** Keys that the features do not need: heads, counters. */
  readonly ignored: readonly string[];
  /** Keys that the network uses, in its order. */
  readonly used: readonly string[];
}

type Shapes = ReadonlyMap<string, { readonly shape: readonly number[] }>;

/** Compares names and shapes with those of an architecture. */
export function compareManifest(found: Shapes, architecture: Architecture): ManifestReport {
  const report = {
    missing: [] as { key: string; shape: readonly number[] }[],
    mismatched: [] as { key: string; expected: readonly number[]; found: readonly number[] }[],
    used: [] as string[],
  };
  const known = new Set<string>();
  const expect = (key: string, shape: readonly number[]) => {
    known.add(key);
    const tensor = found.get(key);
    if (!tensor) report.missing.push({ key, shape });
    else if (`${tensor.shape}` !== `${shape}`) report.mismatched.push({ key, expected: shape, found: tensor.shape });
    else report.used.push(key);
  };
  for (const convolution of convolutionsOf(architecture)) {
    const { key, norm, shape } = convolution;
    expect(`${key}.weight`, shape);
    if (found.has(`${key}.bias`)) expect(`${key}.bias`, [shape[0]]);
    if (!isFolded(found, convolution)) for (const name of normTensors) expect(`${norm}.${name}`, [shape[0]]);
  }
  const others = [...found.keys()].filter((key) => !known.has(key));
  return {
    ...report,
    ignored: others.filter((key) => ignorable.test(key)),
    unexpected: others.filter((key) => !ignorable.test(key)),
  };
}

/** Whether nothing stands in the way of using the tensors. */
export const fits = ({ missing, unexpected, mismatched }: ManifestReport): boolean =>
  missing.length + unexpected.length + mismatched.length === 0;

/** What the names and shapes of tensors tell of the network. */
export interface Detected extends Omit<Architecture, 'variant'> {
  /** All that have these names; MedicalNet and MONAI share them. The first is the one to take unless another is asked for. */
  readonly variants: readonly Variant[];
}

/** Recognises a 3D ResNet18 by its first convolution and its shortcuts; undefined where there is no such convolution. */
export function detectArchitecture(found: Shapes): Detected | undefined {
  const video = found.has('stem.0.weight');
  const stem = found.get(video ? 'stem.0.weight' : 'conv1.weight')?.shape;
  if (stem?.length !== 5 || !(stem[0]! > 0) || !(stem[1]! > 0)) return undefined;
  const convolved = [...found.keys()].some((key) => key.includes('.downsample.'));
  // MedicalNet's ResNet18 is published with shortcut A alone.
  const plain: readonly Variant[] = convolved ? ['monai', 'medicalnet'] : ['medicalnet', 'monai'];
  return {
    variants: video ? ['torchvision'] : plain,
    width: stem[0]!,
    channels: stem[1]!,
    shortcut: video || convolved ? 'B' : 'A',
  };
}

const list = (shape: readonly number[]): string => `[${shape.join(', ')}]`;
/** Names of a list, cut where it gets long. */
const some = (names: readonly string[], most = 8): string =>
  names.length > most ? `${names.slice(0, most).join(', ')} and ${names.length - most} more` : names.join(', ');

/** A report in words, a line per kind of difference; empty where there is none. */
export function describeManifest({ missing, unexpected, mismatched }: ManifestReport): string[] {
  return [
    ...(missing.length > 0 ? [`missing: ${some(missing.map(({ key, shape }) => `${key} ${list(shape)}`))}`] : []),
    ...(mismatched.length > 0
      ? [
          `other shapes: ${some(mismatched.map(({ key, expected, found }) => `${key} is ${list(found)}, expected ${list(expected)}`))}`,
        ]
      : []),
    ...(unexpected.length > 0 ? [`unexpected: ${some(unexpected)}`] : []),
  ];
}

/** Index of the first value that is not finite, or -1. */
function firstNonFinite(data: Float32Array): number {
  // 0 * NaN and 0 * Infinity are NaN: one sum tells whether a search is worth it.
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += 0 * data[i]!;
  return sum === 0 ? -1 : data.findIndex((value) => !Number.isFinite(value));
}

/** What is wrong with the values of a tensor, in words. */
function faultOf(key: string, { shape, data }: WeightTensor): string | undefined {
  if (data.length !== shape.reduce((product, n) => product * n, 1))
    return `${key} has ${data.length} values, its shape ${list(shape)} needs another number`;
  const bad = firstNonFinite(data);
  if (bad >= 0) return `${key} has the value ${data[bad]} at index ${bad}`;
  if (!key.endsWith('.running_var')) return undefined;
  const negative = data.findIndex((value) => value < 0);
  return negative < 0 ? undefined : `${key} has a negative variance (${data[negative]}) at index ${negative}`;
}

/**
 * The weights that a network uses, checked: names, shapes, values.
 * @param name of the file or the source, for messages
 * @param strict whether unexpected tensors are refused; else they are left out
 * @throws PipelineError BadWeights, saying which tensors are missing, unexpected, of other shapes, or hold NaN,
 * infinities or negative variances
 */
export function checkedWeights(found: Weights, architecture: Architecture, name: string, strict = true): Weights {
  const report = compareManifest(found, architecture);
  const differences = strict ? report : { ...report, unexpected: [] };
  const { variant, width, shortcut } = architecture;
  if (!fits(differences)) {
    throw new PipelineError(
      'BadWeights',
      `${name}: expected the tensors of a 3D ResNet18 (${variant}, width ${width}, shortcut ${shortcut}), ` +
        `found ${describeManifest(differences).join('; ')}; ` +
        'choose the architecture of the file (voxomics weights inspect FILE compares all), or another file',
    );
  }
  const used = new Map(report.used.map((key) => [key, found.get(key)!]));
  for (const [key, tensor] of used) {
    const fault = faultOf(key, tensor);
    if (fault) {
      throw new PipelineError(
        'BadWeights',
        `${name}: expected finite weights and variances of at least 0, found that ${fault}; take another checkpoint`,
      );
    }
  }
  return used;
}
