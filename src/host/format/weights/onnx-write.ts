/** Writes a 3D ResNet18 as an ONNX model (onnx/onnx.proto, opset 17), for runtimes that compute on the CPU. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { foldedConvolution, sumInputChannels } from '../../../pipeline/nn/fold.ts';
import { type Architecture, type Convolution, networkOf } from '../../../pipeline/nn/manifest.ts';
import type { Weights } from '../../../pipeline/nn/weights.ts';

const irVersion = 8;
const opset = 17;
/** TensorProto.DataType. */
const [float32, int64] = [1, 7];
/** AttributeProto.AttributeType. */
const [integerType, integersType] = [2, 7];

/** Names of the model's input [batch, channel, depth, height, width] and output [batch, feature]. */
export const onnxNames = { input: 'input', output: 'features' } as const;

/** A message in pieces, so that weights are copied once, into the file. */
type Message = readonly Uint8Array[];

const lengthOf = (message: Message): number => message.reduce((sum, { length }) => sum + length, 0);

/** Fields that are short. */
function fields(write: (writer: BinaryWriter) => unknown): Message {
  const writer = new BinaryWriter();
  write(writer);
  return [writer.finish()];
}
const nested = (field: number, ...parts: readonly Message[]): Message => {
  const content = parts.flat();
  return [...fields((w) => w.tag(field, WireType.LengthDelimited).uint32(lengthOf(content))), ...content];
};
const text = (field: number, value: string): Message =>
  fields((w) => w.tag(field, WireType.LengthDelimited).string(value));
const integer = (field: number, value: number): Message => fields((w) => w.tag(field, WireType.Varint).int64(value));
const integers = (field: number, values: readonly number[]): Message =>
  values.flatMap((value) => integer(field, value));

/** A tensor of the graph, by name. */
function initialiser(name: string, shape: readonly number[], data: Float32Array | BigInt64Array): Message {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const dtype = data instanceof Float32Array ? float32 : int64;
  return nested(5, integers(1, shape), integer(2, dtype), text(8, name), nested(9, [raw]));
}

function attribute(name: string, value: number | readonly number[]): Message {
  return typeof value === 'number'
    ? nested(5, text(1, name), integer(3, value), integer(20, integerType))
    : nested(5, text(1, name), integers(8, value), integer(20, integersType));
}

/** Name, element type and axes of a graph's input or output; axes without a number have a name. */
function valueInfo(field: number, name: string, axes: readonly (number | string)[]): Message {
  const shape = axes.map((axis) => nested(1, typeof axis === 'number' ? integer(1, axis) : text(2, axis)));
  return nested(field, text(1, name), nested(2, nested(1, integer(1, float32), nested(2, ...shape))));
}

/** Collects nodes and tensors. Each method adds a node and returns the name of its value. */
class GraphWriter {
  readonly nodes: Message[] = [];
  readonly initialisers: Message[] = [];

  node(operator: string, inputs: readonly string[], output: string, attributes: Message[] = []): string {
    this.nodes.push(
      nested(
        1,
        ...inputs.map((name) => text(1, name)),
        text(2, output),
        text(3, output),
        text(4, operator),
        ...attributes,
      ),
    );
    return output;
  }

  integers(name: string, values: readonly number[]): string {
    this.initialisers.push(initialiser(name, [values.length], BigInt64Array.from(values, BigInt)));
    return name;
  }

  convolution(
    input: string,
    { key, shape, stride, padding, dilation }: Convolution,
    weight: Float32Array,
    bias: Float32Array,
  ) {
    this.initialisers.push(initialiser(`${key}.weight`, shape, weight), initialiser(`${key}.bias`, [shape[0]], bias));
    return this.node('Conv', [input, `${key}.weight`, `${key}.bias`], `${key}.out`, [
      attribute('kernel_shape', shape.slice(2)),
      attribute('strides', stride),
      attribute('pads', [...padding, ...padding]),
      attribute('dilations', dilation),
      attribute('group', 1),
    ]);
  }

  /** Shortcut A: every second voxel where the block has stride 2, then channels of zeros behind those of the input. */
  shortcutA(input: string, name: string, { shape, stride }: Convolution): string {
    let value = input;
    if (stride[0] !== 1) {
      const parameter = (what: string, values: readonly number[]) => this.integers(`${name}.shortcut.${what}`, values);
      const ends = stride.map(() => 2 ** 31 - 1);
      const parameters = [
        parameter('starts', [0, 0, 0]),
        parameter('ends', ends),
        parameter('axes', [2, 3, 4]),
        parameter('steps', stride),
      ];
      value = this.node('Slice', [value, ...parameters], `${name}.shortcut.sampled`);
    }
    const more = shape[0] - shape[1];
    if (more === 0) return value;
    const pads = this.integers(`${name}.shortcut.pads`, [0, 0, 0, 0, 0, 0, more, 0, 0, 0]);
    return this.node('Pad', [value, pads], `${name}.shortcut.padded`);
  }
}

/**
 * The model of an architecture with its weights, batch norms folded. Batch and spatial axes are free.
 * @param weights checked against the architecture
 * @param channels of the input: those of the first convolution, or 1, which gives what a repeated channel gives
 * @param layer number of the last layer, 1 to 4; its channels are averaged
 * @returns the bytes of an .onnx file
 */
export function encodeOnnx(
  architecture: Architecture,
  weights: Weights,
  channels: number,
  layer = 4,
): Uint8Array<ArrayBuffer> {
  const { stem, maxPool, blocks } = networkOf(architecture);
  const graph = new GraphWriter();
  const convolve = (input: string, convolution: Convolution): string => {
    const { weight, bias } = foldedConvolution(weights, convolution);
    if (convolution !== stem || channels === stem.shape[1]) return graph.convolution(input, convolution, weight, bias);
    const [outputs, , ...kernel] = stem.shape;
    return graph.convolution(
      input,
      { ...stem, shape: [outputs, 1, ...kernel] },
      sumInputChannels(weight, stem.shape),
      bias,
    );
  };
  const relu = (input: string) => graph.node('Relu', [input], `${input}.relu`);

  let value = relu(convolve(onnxNames.input, stem));
  if (maxPool) {
    value = graph.node('MaxPool', [value], 'maxpool', [
      attribute('kernel_shape', [3, 3, 3]),
      attribute('strides', [2, 2, 2]),
      attribute('pads', [1, 1, 1, 1, 1, 1]),
    ]);
  }
  for (const { name, conv1, conv2, downsample } of blocks.slice(0, 2 * layer)) {
    const main = convolve(relu(convolve(value, conv1)), conv2);
    const shortcut = downsample ? convolve(value, downsample) : graph.shortcutA(value, name, conv1);
    value = relu(graph.node('Add', [main, shortcut], `${name}.sum`));
  }
  const pooled = graph.node('GlobalAveragePool', [value], 'pooled');
  graph.node('Flatten', [pooled], onnxNames.output, [attribute('axis', 1)]);

  const model: Message = [
    ...integer(1, irVersion),
    ...text(2, 'voxomics'),
    ...nested(
      7,
      ...graph.nodes,
      text(2, architecture.variant),
      ...graph.initialisers,
      valueInfo(11, onnxNames.input, ['batch', channels, 'depth', 'height', 'width']),
      valueInfo(12, onnxNames.output, ['batch', architecture.width << (layer - 1)]),
    ),
    ...nested(8, text(1, ''), integer(2, opset)),
  ];
  const file = new Uint8Array(lengthOf(model));
  let at = 0;
  for (const piece of model) {
    file.set(piece, at);
    at += piece.length;
  }
  return file;
}
