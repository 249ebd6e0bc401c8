/** ONNX graphs as other exporters write them: batch norms of their own, names without meaning, copies, constants. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, test } from 'vitest';
import { readWeightsFile, selectWeights } from '../../../../src/host/format/weights/index.ts';
import { foldNorm, scaleWeights } from '../../../../src/pipeline/nn/fold.ts';
import { hashWeights } from '../../../../src/pipeline/nn/hash-weights.ts';
import {
  type Architecture,
  type Convolution,
  convolutionsOf,
  networkOf,
} from '../../../../src/pipeline/nn/manifest.ts';

type Attribute = number | readonly number[] | { readonly float: number } | { readonly tensor: Uint8Array };
interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  attributes: Record<string, Attribute>;
}

const message = (write: (writer: BinaryWriter) => unknown): Uint8Array => {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
};
const lengthDelimited = (writer: BinaryWriter, field: number) => writer.tag(field, WireType.LengthDelimited);

const packed = (values: readonly number[]): Uint8Array =>
  message((w) => {
    for (const value of values) w.int64(value);
  });

/** A tensor with its values in `float_data` or `raw_data`. */
function tensorMessage(name: string, shape: readonly number[], data: Float32Array, raw: boolean): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return message((w) => {
    lengthDelimited(w, 1).bytes(packed(shape));
    w.tag(2, WireType.Varint).int32(1);
    lengthDelimited(w, raw ? 9 : 4).bytes(bytes);
    lengthDelimited(w, 8).string(name);
  });
}

function attributeMessage(name: string, value: Attribute): Uint8Array {
  return message((w) => {
    lengthDelimited(w, 1).string(name);
    if (typeof value === 'number') w.tag(3, WireType.Varint).int64(value);
    else if (Array.isArray(value)) lengthDelimited(w, 8).bytes(packed(value));
    else if ('float' in value) w.tag(2, WireType.Bit32).float(value.float as number);
    else if ('tensor' in value) lengthDelimited(w, 5).bytes(value.tensor);
  });
}

function encode(nodes: readonly Node[], initialisers: readonly Uint8Array[]): Uint8Array {
  const graph = message((w) => {
    for (const { operator, inputs, output, attributes } of nodes) {
      const node = message((n) => {
        for (const input of inputs) lengthDelimited(n, 1).string(input);
        lengthDelimited(n, 2).string(output);
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

const epsilon = 1e-3;
const architecture: Architecture = {
  variant: 'monai',
  width: 2,
  channels: 1,
  shortcut: 'B',
  stemStride: 2,
  maxPool: true,
};
const weights = hashWeights('test', architecture);

/** The graph with its batch norms; tensors have numbers for names, every third lies in a constant, some are copies. */
function graphOf(of: Architecture) {
  const nodes: Node[] = [];
  const initialisers: Uint8Array[] = [];
  let count = 0;
  const add = (operator: string, inputs: readonly string[], attributes: Node['attributes'] = {}): string => {
    const output = `v${count++}`;
    nodes.push({ operator, inputs, output, attributes });
    return output;
  };
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
  const { stem, blocks } = networkOf(of);
  let value = add('MaxPool', [add('Relu', [convolve('x', stem)])], {
    kernel_shape: [3, 3, 3],
    strides: [2, 2, 2],
    pads: [1, 1, 1, 1, 1, 1],
  });
  for (const { conv1, conv2, downsample } of blocks) {
    const main = convolve(add('Relu', [convolve(value, conv1)]), conv2);
    const around = downsample ? convolve(value, downsample) : value;
    // The order of the two inputs is the exporter's choice.
    value = add('Relu', [add('Add', count % 2 ? [main, around] : [around, main])]);
  }
  add('ReduceMean', [value], { axes: [2, 3, 4] });
  return { nodes, initialisers };
}

const load = (nodes: readonly Node[], initialisers: readonly Uint8Array[]) =>
  selectWeights(readWeightsFile(encode(nodes, initialisers), 'a.onnx'), 'a.onnx');
/** The graph after a change of its nodes. */
const changed = (change: (nodes: Node[], initialisers: Uint8Array[]) => unknown) => {
  const graph = graphOf(architecture);
  change(graph.nodes, graph.initialisers);
  return () => load(graph.nodes, graph.initialisers);
};
const nth = (nodes: readonly Node[], operator: string, n: number) =>
  nodes.filter((node) => node.operator === operator)[n]!;

describe('ONNX graphs', () => {
  test('batch norms of any epsilon are folded, shortcuts and their biases found', () => {
    const { nodes, initialisers } = graphOf(architecture);
    const loaded = load(nodes, initialisers);
    expect(loaded.architecture).toEqual(architecture);
    for (const { key, norm } of convolutionsOf(architecture)) {
      const of = (name: string) => weights.get(`${norm}.${name}`)!.data;
      const bias = weights.get(`${key}.bias`)?.data;
      // The graph holds epsilon in float32.
      const { scale, shift } = foldNorm(
        of('weight'),
        of('bias'),
        of('running_mean'),
        of('running_var'),
        Math.fround(epsilon),
        bias,
      );
      expect(loaded.weights.get(`${key}.weight`)!.data, key).toEqual(
        scaleWeights(weights.get(`${key}.weight`)!.data, scale),
      );
      expect(loaded.weights.get(`${key}.bias`)!.data, key).toEqual(Float32Array.from(shift));
    }
  });

  test.each<[string, RegExp, Parameters<typeof changed>[0]]>([
    [
      'another dilation',
      /layer3\.1\.conv1 with the dilations \[2,2,2\], where monai has \[1,1,1\]/,
      (nodes) => {
        nodes.filter(({ operator }) => operator === 'Conv')[13]!.attributes = {
          pads: [1, 1, 1, 1, 1, 1],
          dilations: [2, 2, 2],
        };
      },
    ],
    [
      'groups',
      /conv1 with the number of groups \[2\]/,
      (nodes) => {
        Object.assign(nth(nodes, 'Conv', 0).attributes, { group: 2 });
      },
    ],
    [
      'another pool',
      /the pool with the taps \[2,2,2\], where monai has \[3,3,3\]/,
      (nodes) => {
        Object.assign(nth(nodes, 'MaxPool', 0).attributes, { kernel_shape: [2, 2, 2] });
      },
    ],
    [
      'a pool that rounds up',
      /the pool with the rounding up \[1\]/,
      (nodes) => {
        Object.assign(nth(nodes, 'MaxPool', 0).attributes, { ceil_mode: 1 });
      },
    ],
    ['two tensors of one name', /two tensors named t\d+/, (_, initialisers) => initialisers.push(initialisers[0]!)],
    [
      'a block less',
      /7 residual additions, where a ResNet18 has 8/,
      (nodes) => nodes.splice(nodes.indexOf(nth(nodes, 'Add', 7)), 1),
    ],
    ['no graph of convolutions', /0 residual additions/, (nodes) => nodes.splice(0)],
    [
      'weights that are not there',
      /no batch norm of conv1 in floating point/,
      (nodes) => {
        const norm = nth(nodes, 'BatchNormalization', 0) as { inputs: readonly string[] };
        norm.inputs = [norm.inputs[0]!, 'absent', ...norm.inputs.slice(2)];
      },
    ],
    [
      'a batch norm of other channels',
      /a batch norm of conv1 with another number of channels/,
      (nodes, initialisers) => {
        initialisers.push(tensorMessage('three', [3], new Float32Array(3), true));
        const norm = nth(nodes, 'BatchNormalization', 0) as { inputs: readonly string[] };
        norm.inputs = [norm.inputs[0]!, 'three', ...norm.inputs.slice(2)];
      },
    ],
    [
      'weights in another file',
      /the tensor big in another file/,
      (_, initialisers) => {
        initialisers.push(
          message((w) => {
            lengthDelimited(w, 8).string('big');
            w.tag(14, WireType.Varint).int32(1);
          }),
        );
      },
    ],
    [
      'copies in a circle',
      /an ONNX model/,
      (nodes) => {
        const first = nodes.find(({ operator }) => operator === 'Identity') as { inputs: readonly string[] };
        first.inputs = [(first as Node).output];
      },
    ],
    [
      'blocks out of order',
      /residual blocks that do not follow one another|begins elsewhere/,
      (nodes) => {
        const conv = nth(nodes, 'Conv', 3) as { inputs: readonly string[] };
        conv.inputs = [nth(nodes, 'MaxPool', 0).output, ...conv.inputs.slice(1)];
      },
    ],
  ])('refused: %s', (_, finding, change) => {
    expect(changed(change)).toThrow(finding);
    expect(changed(change)).toThrow(/^a\.onnx: expected an ONNX model of a 3D ResNet18, found .*; export it again/);
  });
});
