/**
 * The weights of a 3D ResNet18 in an ONNX graph. Exporters fold batch norms and give weights names of their own, so the
 * graph is followed: eight residual additions, each with two 3^3 convolutions before it. Batch norms that are left are
 * folded here; so there are weights and biases of convolutions alone, under the keys of the architecture.
 */
import { foldNorm, scaleWeights } from '../../../pipeline/nn/fold.ts';
import { type Architecture, type Convolution, networkOf, normEpsilon } from '../../../pipeline/nn/manifest.ts';
import { OnnxError, type OnnxNode, readOnnxModel } from './onnx-model.ts';
import { isFloat, type StoredTensor } from './stored-tensor.ts';
import { refusal, type WeightsFile } from './weights-file.ts';

/** A convolution of the graph, with the batch norm after it. */
interface Found {
  readonly node: OnnxNode;
  readonly norm?: OnnxNode;
  /** What it is applied to. */
  readonly input: string;
}

/** Blocks of a ResNet18, with one addition each. */
const blockCount = 8;

class Graph {
  private readonly producers = new Map<string, OnnxNode>();
  readonly additions: readonly OnnxNode[];

  constructor(readonly model: ReturnType<typeof readOnnxModel>) {
    for (const node of model.nodes) for (const output of node.outputs) this.producers.set(output, node);
    this.additions = model.nodes.filter(
      ({ operator, inputs }) => operator === 'Add' && inputs.every((name) => !this.tensorOf(name)),
    );
  }

  /** The node that makes a value; copies are looked through. */
  producer(name: string | undefined): OnnxNode | undefined {
    let node = this.producers.get(name ?? '');
    // A damaged graph can have copies in a circle.
    for (let hops = 0; node?.operator === 'Identity' && hops < this.producers.size; hops++)
      node = this.producers.get(node.inputs[0] ?? '');
    return node;
  }

  tensorOf(name: string | undefined): StoredTensor | undefined {
    let found = name;
    for (let hops = 0; found !== undefined && hops <= this.producers.size; hops++) {
      const tensor = this.model.initialisers.get(found);
      if (tensor) return tensor;
      const node = this.producers.get(found);
      found = node?.operator === 'Identity' ? node.inputs[0] : undefined;
    }
    return undefined;
  }

  /** The convolution, with its batch norm, that makes a value. */
  convolution(name: string | undefined): Found | undefined {
    const node = this.producer(name);
    const norm = node?.operator === 'BatchNormalization' ? node : undefined;
    const convolution = norm ? this.producer(norm.inputs[0]) : node;
    if (convolution?.operator !== 'Conv') return undefined;
    return { node: convolution, input: convolution.inputs[0] ?? '', ...(norm ? { norm } : {}) };
  }

  /** What a ReLU is applied to. */
  beforeRelu(name: string | undefined): string | undefined {
    const node = this.producer(name);
    return node?.operator === 'Relu' ? node.inputs[0] : undefined;
  }

  private shapeOf({ node }: Found): readonly number[] {
    return this.tensorOf(node.inputs[1])?.shape ?? [];
  }

  /** The two 3^3 convolutions that end in a value. */
  private branch(name: string): readonly [Found, Found] | undefined {
    const second = this.convolution(name);
    if (!second || this.shapeOf(second)[2] !== 3) return undefined;
    const first = this.convolution(this.beforeRelu(second.input));
    return first && this.shapeOf(first)[2] === 3 ? [first, second] : undefined;
  }

  /** The convolutions of the block that ends in an addition. */
  block({ inputs }: OnnxNode): { readonly conv1: Found; readonly conv2: Found; readonly downsample?: Found } {
    const side = inputs.findIndex((name) => this.branch(name));
    if (side < 0) throw new OnnxError('a residual addition without two 3^3 convolutions before it');
    const [conv1, conv2] = this.branch(inputs[side]!)!;
    const downsample = this.convolution(inputs[1 - side]);
    return { conv1, conv2, ...(downsample ? { downsample } : {}) };
  }
}

/** Weight and bias of a convolution with its batch norm folded. */
function tensorsOf(graph: Graph, { node, norm }: Found, key: string): readonly (readonly [string, StoredTensor])[] {
  const need = (name: string | undefined, what: string): StoredTensor => {
    const tensor = graph.tensorOf(name);
    if (!tensor || !isFloat(tensor.dtype)) throw new OnnxError(`no ${what} of ${key} in floating point`);
    return tensor;
  };
  const weight = need(node.inputs[1], 'weights');
  const bias = node.inputs[2] ? need(node.inputs[2], 'bias') : undefined;
  const shape = [weight.shape[0] ?? 0];
  if (!norm) {
    const none: StoredTensor = { dtype: 'float32', shape, values: () => new Float32Array(shape[0]!) };
    return [
      [`${key}.weight`, weight],
      [`${key}.bias`, bias ?? none],
    ];
  }
  const norms = norm.inputs.slice(1, 5).map((name) => need(name, 'batch norm'));
  if (norms.length !== 4 || [...norms, ...(bias ? [bias] : [])].some((tensor) => `${tensor.shape}` !== `${shape}`))
    throw new OnnxError(`a batch norm of ${key} with another number of channels`);
  const epsilon = norm.attributes.get('epsilon')?.float ?? normEpsilon;
  const [scales, shifts, means, variances] = norms.map((tensor) => tensor.values()) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const { scale, shift } = foldNorm(scales, shifts, means, variances, epsilon, bias?.values());
  return [
    [`${key}.weight`, { dtype: 'float32', shape: weight.shape, values: () => scaleWeights(weight.values(), scale) }],
    [`${key}.bias`, { dtype: 'float32', shape, values: () => Float32Array.from(shift) }],
  ];
}

const [ones, zeros] = [
  [1, 1, 1],
  [0, 0, 0, 0, 0, 0],
];

/** Checks attributes of a node, `otherwise` where it has none, which must be those of the architecture. */
const attributesOf =
  ({ attributes }: OnnxNode, key: string, variant: string) =>
  (name: string, what: string, otherwise: readonly number[], wanted: readonly number[]): void => {
    const { integers = [], integer } = attributes.get(name) ?? {};
    const found = integers.length > 0 ? integers : integer === undefined ? otherwise : [integer];
    if (`${found}` !== `${wanted}`)
      throw new OnnxError(`${key} with the ${what} [${found}], where ${variant} has [${wanted}]`);
  };

function checkConvolution({ node }: Found, { key, stride, padding, dilation }: Convolution, variant: string): void {
  const check = attributesOf(node, key, variant);
  check('strides', 'strides', ones, stride);
  check('dilations', 'dilations', ones, dilation);
  check('pads', 'padding', zeros, [...padding, ...padding]);
  check('group', 'number of groups', [1], [1]);
}

/** Pools of the networks have three taps, stride 2 and padding 1. */
function checkPool(node: OnnxNode, variant: string): void {
  const check = attributesOf(node, 'the pool', variant);
  check('kernel_shape', 'taps', [], [3, 3, 3]);
  check('strides', 'strides', ones, [2, 2, 2]);
  check('dilations', 'dilations', ones, ones);
  check('pads', 'padding', zeros, [1, 1, 1, 1, 1, 1]);
  check('ceil_mode', 'rounding up', [0], [0]);
}

function followGraph(model: ReturnType<typeof readOnnxModel>): Omit<WeightsFile, 'container'> {
  const graph = new Graph(model);
  if (graph.additions.length !== blockCount)
    throw new OnnxError(`${graph.additions.length} residual additions, where a ResNet18 has ${blockCount}`);
  const blocks = graph.additions.map((addition) => graph.block(addition));
  // Each block is applied to the one before it, the first one to the stem.
  for (const [i, { conv1, downsample }] of blocks.entries()) {
    const before = graph.producer(graph.beforeRelu(conv1.input));
    if (i > 0 && before !== graph.additions[i - 1])
      throw new OnnxError('residual blocks that do not follow one another');
    if (downsample && graph.producer(downsample.input) !== graph.producer(conv1.input))
      throw new OnnxError('a shortcut that begins elsewhere than its block');
  }
  const pool = graph.producer(blocks[0]!.conv1.input);
  const maxPool = pool?.operator === 'MaxPool';
  const stem = graph.convolution(graph.beforeRelu(maxPool ? pool.inputs[0] : blocks[0]!.conv1.input));
  const shape = stem && graph.tensorOf(stem.node.inputs[1])?.shape;
  if (!stem || shape?.length !== 5 || graph.producer(stem.input))
    throw new OnnxError('no convolution of the input before the residual blocks');

  const dilation = blocks[4]!.conv1.node.attributes.get('dilations')?.integers[0] ?? 1;
  const architecture: Architecture = {
    variant: shape[2] === 3 ? 'torchvision' : dilation > 1 ? 'medicalnet' : 'monai',
    width: shape[0]!,
    channels: shape[1]!,
    shortcut: blocks.some(({ downsample }) => downsample) ? 'B' : 'A',
    ...(shape[2] !== 3 && {
      stemStride: stem.node.attributes.get('strides')?.integers[0] === 1 ? 1 : 2,
      maxPool,
    }),
  };
  if (maxPool) checkPool(pool, architecture.variant);
  const network = networkOf(architecture);
  const tensors = new Map<string, StoredTensor>();
  const add = (found: Found | undefined, wanted: Convolution | undefined) => {
    if (!found || !wanted) {
      if (found || wanted) throw new OnnxError(`another shortcut than ${architecture.variant} has`);
      return;
    }
    checkConvolution(found, wanted, architecture.variant);
    for (const [key, tensor] of tensorsOf(graph, found, wanted.key)) tensors.set(key, tensor);
  };
  add(stem, network.stem);
  for (const [i, { conv1, conv2, downsample }] of blocks.entries()) {
    add(conv1, network.blocks[i]!.conv1);
    add(conv2, network.blocks[i]!.conv2);
    add(downsample, network.blocks[i]!.downsample);
  }
  return { tensors, architecture, notes: ['Batch norms are folded into the convolutions.'] };
}

/**
 * Reads the weights of an ONNX model.
 * @throws PipelineError BadFile where the file is damaged, or its graph is no 3D ResNet18
 */
export function readOnnx(bytes: Uint8Array, name: string): WeightsFile {
  try {
    return { container: 'ONNX', ...followGraph(readOnnxModel(bytes)) };
  } catch (error) {
    if (!(error instanceof OnnxError)) throw error;
    throw refusal(name, 'an ONNX model of a 3D ResNet18')(error.message, 'export it again, with its weights inside');
  }
}
