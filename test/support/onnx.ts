/** ONNX models as other exporters write them: batch norms of their own, names without meaning, copies, constants. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { hashWeights } from '../../src/pipeline/nn/hash-weights.ts';
import { type Architecture, type Convolution, networkOf } from '../../src/pipeline/nn/manifest.ts';

export type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly tensor: Uint8Array };
export interface Node {
  operator: string;
  inputs: readonly string[];
  readonly output: string;
  attributes: Record<string, Attribute>;
}

export const message = (write: (writer: BinaryWriter) => unknown): Uint8Array => {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
};
export const lengthDelimited = (writer: BinaryWriter, field: number): BinaryWriter =>
  writer.tag(field, WireType.LengthDelimited);

export const packed = (values: readonly number[]): Uint8Array =>
  message((w) => {
    for (const value of values) w.int64(value);
  });

/** TensorProto.DataType. */
export const types = { float32: 1, int32: 6, int64: 7, float16: 10, float64: 11, bfloat16: 16 } as const;

/** A tensor with the bytes of a field: 9 raw_data, 4 float_data, 5 int32_data, 7 int64_data. */
export const tensorOf = (
  name: string,
  shape: readonly number[],
  type: keyof typeof types,
  field: number,
  bytes: Uint8Array,
): Uint8Array =>
  message((w) => {
    lengthDelimited(w, 1).bytes(packed(shape));
    w.tag(2, WireType.Varint).int32(types[type]);
    lengthDelimited(w, field).bytes(bytes);
    lengthDelimited(w, 8).string(name);
  });

/** A tensor of float32 with its values in `float_data` or `raw_data`. */
export const tensorMessage = (name: string, shape: readonly number[], data: Float32Array, raw: boolean): Uint8Array =>
  tensorOf(name, shape, 'float32', raw ? 9 : 4, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));

function attributeMessage(name: string, value: Attribute): Uint8Array {
  return message((w) => {
    lengthDelimited(w, 1).string(name);
    if (typeof value === 'number') w.tag(3, WireType.Varint).int64(value);
    else if (typeof value === 'string') lengthDelimited(w, 4).string(value);
    else if (Array.isArray(value)) lengthDelimited(w, 8).bytes(packed(value));
    else if ('float' in value) w.tag(2, WireType.Bit32).float(value.float as number);
    else if ('tensor' in value) lengthDelimited(w, 5).bytes(value.tensor);
  });
}

/** The file of a graph whose input is `x`. Nodes have the names of their outputs after `node `. */
export function encodeGraph(nodes: readonly Node[], initialisers: readonly Uint8Array[]): Uint8Array {
  const graph = message((w) => {
    for (const { operator, inputs, output, attributes } of nodes) {
      const node = message((n) => {
        for (const input of inputs) lengthDelimited(n, 1).string(input);
        lengthDelimited(n, 2).string(output);
        lengthDelimited(n, 3).string(`node ${output}`);
        lengthDelimited(n, 4).string(operator);
        for (const [name, value] of Object.entries(attributes))
          lengthDelimited(n, 5).bytes(attributeMessage(name, value));
      });
      lengthDelimited(w, 1).bytes(node);
    }
    for (const tensor of initialisers) lengthDelimited(w, 5).bytes(tensor);
    lengthDelimited(w, 11).bytes(message((input) => lengthDelimited(input, 1).string('x')));
  });
  return message((w) => {
    w.tag(1, WireType.Varint).int64(8);
    lengthDelimited(w, 2).string('test');
    lengthDelimited(w, 7).bytes(graph);
  });
}

/** Of the batch norms. */
export const epsilon = 1e-3;

/** Where a graph is written. */
export interface GraphWriter {
  readonly nodes: Node[];
  readonly initialisers: Uint8Array[];
  /** Adds a node. @returns the name of its value */
  add(operator: string, inputs: readonly string[], attributes?: Node['attributes']): string;
  /** Adds integers. @returns their name */
  integers(values: readonly number[]): string;
}

/** Writes shortcut A of a block. @returns the name of its value */
export type WriteShortcut = (graph: GraphWriter, input: string, convolution: Convolution) => string;

/**
 * The graph of weights `hash:test` with its batch norms; tensors have numbers for names, every third lies in a constant,
 * some are copies.
 */
export function graphOf(architecture: Architecture, shortcut?: WriteShortcut): GraphWriter {
  const weights = hashWeights('test', architecture);
  const nodes: Node[] = [];
  const initialisers: Uint8Array[] = [];
  let count = 0;
  const add = (operator: string, inputs: readonly string[], attributes: Node['attributes'] = {}): string => {
    const output = `v${count++}`;
    nodes.push({ operator, inputs, output, attributes });
    return output;
  };
  const integers = (values: readonly number[]): string => {
    const name = `i${count++}`;
    initialisers.push(tensorOf(name, [values.length], 'int64', 7, packed(values)));
    return name;
  };
  const graph: GraphWriter = { nodes, initialisers, add, integers };
  const tensor = (key: string): string => {
    const { shape, data } = weights.get(key)!;
    const name = `t${count++}`;
    const encoded = tensorMessage(name, shape, data, count % 2 === 0);
    if (count % 3 === 0) return add('Constant', [], { value: { tensor: encoded } });
    initialisers.push(encoded);
    return count % 5 === 0 ? add('Identity', [add('Identity', [name])]) : name;
  };
  const convolve = (input: string, { key, norm, stride, padding, dilation }: Convolution): string => {
    const bias = weights.has(`${key}.bias`) ? [tensor(`${key}.bias`)] : [];
    const attributes = { strides: stride, pads: [...padding, ...padding], dilations: dilation };
    const out = add('Conv', [input, tensor(`${key}.weight`), ...bias], attributes);
    const norms = ['weight', 'bias', 'running_mean', 'running_var'].map((name) => tensor(`${norm}.${name}`));
    return add('BatchNormalization', [out, ...norms], { epsilon: { float: epsilon } });
  };
  const { stem, blocks } = networkOf(architecture);
  let value = add('MaxPool', [add('Relu', [convolve('x', stem)])], {
    kernel_shape: [3, 3, 3],
    strides: [2, 2, 2],
    pads: [1, 1, 1, 1, 1, 1],
  });
  for (const { conv1, conv2, downsample } of blocks) {
    const main = convolve(add('Relu', [convolve(value, conv1)]), conv2);
    const changes = conv1.stride[0] !== 1 || conv1.shape[0] !== conv1.shape[1];
    const around = downsample ? convolve(value, downsample) : changes ? shortcut!(graph, value, conv1) : value;
    // The order of the two inputs is the exporter's choice.
    value = add('Relu', [add('Add', count % 2 ? [main, around] : [around, main])]);
  }
  add('ReduceMean', [value], { axes: [2, 3, 4] });
  return graph;
}
