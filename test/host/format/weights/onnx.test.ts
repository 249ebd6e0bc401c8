/** ONNX graphs as other exporters write them: batch norms of their own, names without meaning, copies, constants. */
import { WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, test } from 'vitest';
import { readWeightsFile, selectWeights } from '../../../../src/host/format/weights/index.ts';
import { foldNorm, scaleWeights } from '../../../../src/pipeline/nn/fold.ts';
import { hashWeights } from '../../../../src/pipeline/nn/hash-weights.ts';
import { type Architecture, convolutionsOf } from '../../../../src/pipeline/nn/manifest.ts';
import {
  encodeGraph,
  epsilon,
  graphOf,
  lengthDelimited,
  message,
  type Node,
  packed,
  tensorMessage,
  tensorOf,
  type types,
} from '../../../support/onnx.ts';

const architecture: Architecture = {
  variant: 'monai',
  width: 2,
  channels: 1,
  shortcut: 'B',
  stemStride: 2,
  maxPool: true,
};
const weights = hashWeights('test', architecture);

const load = (nodes: readonly Node[], initialisers: readonly Uint8Array[]) =>
  selectWeights(readWeightsFile(encodeGraph(nodes, initialisers), 'a.onnx'), 'a.onnx');
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
        const norm = nth(nodes, 'BatchNormalization', 0);
        norm.inputs = [norm.inputs[0]!, 'absent', ...norm.inputs.slice(2)];
      },
    ],
    [
      'a batch norm of other channels',
      /a batch norm of conv1 with another number of channels/,
      (nodes, initialisers) => {
        initialisers.push(tensorMessage('three', [3], new Float32Array(3), true));
        const norm = nth(nodes, 'BatchNormalization', 0);
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
        const first = nth(nodes, 'Identity', 0);
        first.inputs = [first.output];
      },
    ],
    [
      'blocks out of order',
      /residual blocks that do not follow one another|begins elsewhere/,
      (nodes) => {
        const conv = nth(nodes, 'Conv', 3);
        conv.inputs = [nth(nodes, 'MaxPool', 0).output, ...conv.inputs.slice(1)];
      },
    ],
  ])('refused: %s', (_, finding, change) => {
    expect(changed(change)).toThrow(finding);
    expect(changed(change)).toThrow(/^a\.onnx: expected an ONNX model of a 3D ResNet18, found .*; export it again/);
  });
});

describe('tensors of ONNX', () => {
  const { shape, data } = weights.get('conv1.weight')!;
  const halves = new Float16Array(data);
  const bits = new Uint16Array(halves.buffer);
  /** Upper halves of the float32, as bfloat16 cuts them. */
  const brains = new Uint16Array(data.slice().buffer).filter((_, i) => i % 2 === 1);
  const fromBrains = new Float32Array(Uint32Array.from(brains, (half) => half << 16).buffer);
  const doubles = Float64Array.from(halves);

  /** The first convolution's weights in the place of those that the graph has, and without its batch norm's scale. */
  const withStem = (type: keyof typeof types, field: number, bytes: Uint8Array, of: readonly number[] = shape) => {
    const { nodes, initialisers } = graphOf(architecture);
    initialisers.push(tensorOf('stem', of, type, field, bytes));
    const [conv, norm] = [nth(nodes, 'Conv', 0), nth(nodes, 'BatchNormalization', 0)];
    conv.inputs = [conv.inputs[0]!, 'stem'];
    nth(nodes, 'Relu', 0).inputs = [conv.output];
    nodes.splice(nodes.indexOf(norm), 1);
    return () => load(nodes, initialisers).weights.get('conv1.weight')!.data;
  };
  const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
    new Uint8Array(buffer, byteOffset, byteLength);

  test.each([
    ['float16, raw', withStem('float16', 9, bytesOf(halves)), Float32Array.from(halves)],
    ['float16 in int32_data', withStem('float16', 5, packed([...bits])), Float32Array.from(halves)],
    ['bfloat16, raw', withStem('bfloat16', 9, bytesOf(brains)), fromBrains],
    ['bfloat16 in int32_data', withStem('bfloat16', 5, packed([...brains])), fromBrains],
    ['float64 in double_data', withStem('float64', 10, bytesOf(doubles)), Float32Array.from(doubles)],
  ])('%s', (_, read, wanted) => {
    expect(read()).toEqual(wanted);
  });

  test.each([
    [
      'fewer values than the shape says',
      withStem('float16', 5, packed([...bits.slice(1)])),
      /685 values of the type float16/,
    ],
    ['values in the field of another type', withStem('float16', 4, bytesOf(halves)), /0 values of the type float16/],
    ['raw values of another width', withStem('float16', 9, bytesOf(doubles)), /2744 values of the type float16/],
    ['integers', withStem('int32', 5, packed(Array.from(bits, () => -1))), /no weights of conv1 in floating point/],
  ])('refused: %s', (_, read, finding) => {
    expect(read).toThrow(finding);
  });
});
