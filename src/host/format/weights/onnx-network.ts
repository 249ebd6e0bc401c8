/**
 * The weights of a 3D ResNet18 in an ONNX graph. Exporters fold batch norms and give weights names of their own, so the
 * graph is followed: eight residual additions, each with two 3^3 convolutions before it, the ways around them, the mean at
 * the end. Batch norms that are left are folded here; so there are weights and biases of convolutions alone, under the keys
 * of the architecture.
 */
import { foldNorm, scaleWeights } from '../../../pipeline/nn/fold.ts';
import { type Architecture, type Convolution, networkOf, normEpsilon } from '../../../pipeline/nn/manifest.ts';
import { type Found, Graph, labelOf } from './onnx-graph.ts';
import { OnnxError, type OnnxGraph, type OnnxNode, readOnnxModel } from './onnx-model.ts';
import { checkShortcut } from './onnx-shortcut.ts';
import { isFloat, type StoredTensor } from './stored-tensor.ts';
import { refusal, type WeightsFile } from './weights-file.ts';

/** Blocks of a ResNet18, with one addition each. */
const blockCount = 8;

/** The two 3^3 convolutions that end in a value. */
function branchOf(graph: Graph, name: string): readonly [Found, Found] | undefined {
  const isCube = (found: Found | undefined) => graph.tensorOf(found?.node.inputs[1])?.shape[2] === 3;
  const second = graph.convolution(name);
  const first = isCube(second) ? graph.convolution(graph.beforeRelu(second!.input)) : undefined;
  return isCube(first) ? [first!, second!] : undefined;
}

/** The residual additions: those of values, and those of a branch whose shortcut an exporter has made a constant. */
const additionsOf = (graph: Graph): OnnxNode[] =>
  graph.model.nodes.filter(
    ({ operator, inputs }) =>
      operator === 'Add' &&
      (inputs.every((name) => !graph.tensorOf(name)) || inputs.some((name) => branchOf(graph, name))),
  );

/** The way through a block, and the value that is added to it. */
interface FoundBlock {
  readonly conv1: Found;
  readonly conv2: Found;
  readonly around: string;
  readonly downsample?: Found;
}

/** The block that ends in an addition. */
function blockOf(graph: Graph, addition: OnnxNode): FoundBlock {
  const { inputs } = addition;
  const side = inputs.findIndex((name) => branchOf(graph, name));
  if (side < 0)
    throw new OnnxError(`a residual addition without two 3^3 convolutions before it (${labelOf(addition)})`);
  const [conv1, conv2] = branchOf(graph, inputs[side]!)!;
  const around = inputs[1 - side]!;
  // What the block begins with can be a convolution too, where nothing lies between.
  const downsample = graph.resolve(around) === graph.resolve(conv1.input) ? undefined : graph.convolution(around);
  return { conv1, conv2, around, ...(downsample ? { downsample } : {}) };
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

/** Whether a node takes the mean over depth, height and width. */
function isMean(graph: Graph, node: OnnxNode): boolean {
  if (node.operator === 'GlobalAveragePool') return true;
  if (node.operator !== 'ReduceMean') return false;
  const axes = graph.parameter(node, 1, 'axes') ?? [];
  return `${axes.map((axis) => (axis < 0 ? axis + 5 : axis)).sort()}` === '2,3,4';
}

/**
 * Checks what comes after the last block: a rectifier, then the mean over the volume. What may come after that are heads.
 * @returns nodes of heads, to be noted
 * @throws OnnxError naming the node that differs
 */
function checkEnd(graph: Graph, addition: OnnxNode): string[] {
  const rectifiers = graph.consumers(addition.outputs[0]!);
  const other = rectifiers.find(({ operator }) => operator !== 'Relu');
  if (other) throw new OnnxError(`${labelOf(other)} after the last residual addition, where a rectifier belongs`);
  if (rectifiers.length === 0)
    throw new OnnxError(`no rectifier after the last residual addition (${labelOf(addition)})`);
  const after = rectifiers.flatMap(({ outputs }) => graph.consumers(outputs[0]!));
  const mean = after.find((node) => isMean(graph, node));
  const [last] = rectifiers as [OnnxNode];
  if (!mean)
    throw new OnnxError(
      after[0]
        ? `${labelOf(after[0])} after the last block, where the mean over depth, height and width belongs`
        : `no mean over depth, height and width after the last block (${labelOf(last)})`,
    );
  return graph.model.nodes.filter(({ operator }) => operator === 'Gemm' || operator === 'MatMul').map(labelOf);
}

function followGraph(model: OnnxGraph): Omit<WeightsFile, 'container'> {
  const graph = new Graph(model);
  const additions = additionsOf(graph);
  if (additions.length !== blockCount)
    throw new OnnxError(`${additions.length} residual additions, where a ResNet18 has ${blockCount}`);
  const blocks = additions.map((addition) => blockOf(graph, addition));
  // Each block is applied to the one before it, the first one to the stem.
  for (const [i, { conv1, downsample }] of blocks.entries()) {
    const before = graph.producer(graph.beforeRelu(conv1.input));
    if (i > 0 && before !== additions[i - 1])
      throw new OnnxError(`residual blocks that do not follow one another (${labelOf(additions[i]!)})`);
    if (downsample && graph.resolve(downsample.input) !== graph.resolve(conv1.input))
      throw new OnnxError(`a shortcut that begins elsewhere than its block (${labelOf(downsample.node)})`);
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
  const add = (found: Found, wanted: Convolution) => {
    checkConvolution(found, wanted, architecture.variant);
    for (const [key, tensor] of tensorsOf(graph, found, wanted.key)) tensors.set(key, tensor);
  };
  add(stem, network.stem);
  for (const [i, { conv1, conv2, around, downsample }] of blocks.entries()) {
    const wanted = network.blocks[i]!;
    add(conv1, wanted.conv1);
    add(conv2, wanted.conv2);
    if (downsample && wanted.downsample) add(downsample, wanted.downsample);
    else if (wanted.downsample) throw new OnnxError(`no convolution in the shortcut of ${wanted.name}`);
    else if (downsample) throw new OnnxError(`${labelOf(downsample.node)} in the shortcut of ${wanted.name}`);
    else checkShortcut(graph, conv1.input, around, wanted.name, wanted.conv1);
  }
  const heads = checkEnd(graph, additions.at(-1)!);
  const notes = ['Batch norms are folded into the convolutions.'];
  if (heads.length > 0) notes.push(`Layers of heads are left out: ${heads.slice(0, 8).join(', ')}.`);
  return { tensors, architecture, notes };
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
    throw refusal(name, 'an ONNX model of a 3D ResNet18')(
      error.message,
      'export it again, with its weights inside, or take the checkpoint that it was made from',
    );
  }
}
