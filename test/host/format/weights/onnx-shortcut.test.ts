/** What an ONNX graph computes where it has no weights: shortcut A in the ways that exporters write it, and the end. */
import { describe, expect, test } from 'vitest';
import { readWeightsFile } from '../../../../src/host/format/weights/index.ts';
import { PipelineError } from '../../../../src/pipeline/errors.ts';
import type { Architecture, Convolution } from '../../../../src/pipeline/nn/manifest.ts';
import {
  encodeGraph,
  type GraphWriter,
  graphOf,
  type Node,
  packed,
  tensorMessage,
  tensorOf,
  type WriteShortcut,
} from '../../../support/onnx.ts';

const architecture: Architecture = {
  variant: 'monai',
  width: 2,
  channels: 1,
  shortcut: 'A',
  stemStride: 2,
  maxPool: true,
};

const moreOf = ({ shape }: Convolution) => shape[0] - shape[1];
const endless = 2 ** 31 - 1;
const constant = (graph: GraphWriter, values: readonly number[], shape: readonly number[] = [values.length]) =>
  graph.add('Constant', [], { value: { tensor: tensorOf('', shape, 'int64', 7, packed(values)) } });

type Pads = (more: number) => readonly number[];
const behind: Pads = (more) => [0, 0, 0, 0, 0, 0, more, 0, 0, 0];
/** Every second voxel by one slice, channels by a padding; as this project writes it. */
const sliced =
  ({
    starts = [0, 0, 0],
    ends = [endless, endless, endless],
    steps = [2, 2, 2],
    axes = [2, 3, 4],
  } = {}): WriteShortcut =>
  (graph, input) =>
    graph.add('Slice', [input, ...[starts, ends, axes, steps].map(graph.integers)]);
const paddedBy =
  (pads: Pads, attributes: Node['attributes'] = {}, value: readonly string[] = []): WriteShortcut =>
  (graph, input, convolution) =>
    graph.add('Pad', [input, graph.integers(pads(moreOf(convolution))), ...value], attributes);
const both =
  (sample: WriteShortcut, pad: WriteShortcut): WriteShortcut =>
  (graph, input, convolution) =>
    pad(graph, sample(graph, input, convolution), convolution);

/** The paddings as PyTorch's exporter computes them of those of torch.nn.functional.pad, the last axis first. */
const computed: WriteShortcut = (graph, input, convolution) => {
  const given = constant(graph, [0, 0, 0, 0, 0, 0, 0, moreOf(convolution)]);
  const zeros = graph.add('ConstantOfShape', [constant(graph, [2])], {
    value: { tensor: tensorOf('', [1], 'int64', 7, packed([0])) },
  });
  const pairs = graph.add('Reshape', [graph.add('Concat', [given, zeros], { axis: 0 }), constant(graph, [-1, 2])]);
  const reversal = [[-1], [-(2 ** 53)], [0], [-1]].map((values) => constant(graph, values));
  const turned = graph.add('Transpose', [graph.add('Slice', [pairs, ...reversal])], { perm: [1, 0] });
  const pads = graph.add('Cast', [graph.add('Reshape', [turned, constant(graph, [-1])])], { to: 7 });
  return graph.add('Pad', [input, pads, ''], { mode: 'constant' });
};

/** An axis after the other, as `x[:, :, ::2, ::2, ::2]` is exported. */
const oneByOne: WriteShortcut = (graph, input) =>
  [2, 3, 4].reduce(
    (value, axis) =>
      graph.add('Slice', [value, ...[[0], [2 ** 53], [axis], [2]].map((values) => constant(graph, values))]),
    input,
  );

const pooled =
  (operator = 'AveragePool', taps = 1): WriteShortcut =>
  (graph, input) =>
    graph.add(operator, [input], { kernel_shape: [taps, taps, taps], strides: [2, 2, 2] });
/** Zeros of a shape that follows from another value, behind or before the channels. */
const concatenated =
  (value: number, before = false, axis = 1): WriteShortcut =>
  (graph, input) => {
    const zeros = graph.add('ConstantOfShape', [graph.add('Shape', [input])], {
      value: { tensor: tensorMessage('', [1], Float32Array.of(value), true) },
    });
    return graph.add('Concat', before ? [zeros, input] : [input, zeros], { axis });
  };

const load = ({ nodes, initialisers }: GraphWriter) => readWeightsFile(encodeGraph(nodes, initialisers), 'a.onnx');
const right = both(sliced(), paddedBy(behind));
const changed = (change: (graph: GraphWriter) => unknown) => {
  const graph = graphOf(architecture, right);
  change(graph);
  return () => load(graph);
};
const last = (nodes: readonly Node[], operator: string) => nodes.findLast((node) => node.operator === operator)!;

/** Refused with a finding of the graph. */
function expectRefusal(attempt: () => unknown, finding: RegExp): void {
  expect(attempt).toThrow(PipelineError);
  expect(attempt).toThrow(finding);
  expect(attempt).toThrow(/^a\.onnx: expected an ONNX model of a 3D ResNet18, found .*; export it again/);
}

describe('shortcut A', () => {
  test.each<[string, WriteShortcut]>([
    ['a slice and a padding', right],
    ['a padding, then a slice', both(paddedBy(behind, { mode: 'constant' }), sliced())],
    ['slices one by one and computed paddings', both(oneByOne, computed)],
    ['a pool of one tap and zeros', both(pooled(), concatenated(0))],
    [
      'a maximum of one voxel and zeros, counted from the last axis',
      both(pooled('MaxPool'), concatenated(0, false, -4)),
    ],
    ['copies', both(sliced(), (graph, input, of) => graph.add('Identity', [paddedBy(behind)(graph, input, of)]))],
  ])('%s', (_, shortcut) => {
    expect(load(graphOf(architecture, shortcut)).architecture).toEqual(architecture);
  });

  const place = String.raw`"node v\d+" in the shortcut of layer2\.0`;
  test.each<[string, WriteShortcut, RegExp]>([
    ['voxels from the second on', both(sliced({ starts: [0, 0, 1] }), paddedBy(behind)), RegExp(`Slice ${place}`)],
    [
      'voxels up to the sixth',
      both(sliced({ ends: [endless, 6, endless] }), paddedBy(behind)),
      RegExp(`Slice ${place}`),
    ],
    [
      'every third voxel along an axis',
      both(sliced({ steps: [2, 3, 2] }), paddedBy(behind)),
      /a shortcut of layer2\.0 with the strides \[2,3,2\], where its block has \[2,2,2\] \(Pad "node v\d+"\)/,
    ],
    ['every second channel', both(sliced({ axes: [1, 3, 4] }), paddedBy(behind)), RegExp(`Slice ${place}`)],
    ['all voxels', paddedBy(behind), /a shortcut of layer2\.0 with the strides \[1,1,1\]/],
    ['means of eight voxels', both(pooled('AveragePool', 2), paddedBy(behind)), RegExp(`AveragePool ${place}`)],
    [
      'zeros before the channels',
      both(
        sliced(),
        paddedBy((n) => [0, n, ...Array(8).fill(0)]),
      ),
      RegExp(`Pad ${place}`),
    ],
    [
      'zeros before the channels, concatenated',
      both(pooled(), concatenated(0, true)),
      RegExp(`Concat ${place}, which adds other than zeros behind`),
    ],
    ['ones', both(sliced(), concatenated(1)), RegExp(`Concat ${place}, which adds other than zeros behind`)],
    [
      'a padding of ones',
      both(sliced(), paddedBy(behind, { value: { float: 1 } })),
      RegExp(`Pad ${place}, which pads with other than zeros`),
    ],
    ['copies of the edge', both(sliced(), paddedBy(behind, { mode: 'edge' })), RegExp(`Pad ${place}`)],
    [
      'a padding of voxels',
      both(
        sliced(),
        paddedBy((n) => [0, 0, 0, 0, 0, 0, n, 0, 0, 1]),
      ),
      RegExp(`Pad ${place}`),
    ],
    [
      'channels too few',
      both(
        sliced(),
        paddedBy((n) => behind(n - 1)),
      ),
      /a shortcut of layer2\.0 with 1 channels of zeros, where its block adds 2 \(Pad "node v\d+"\)/,
    ],
    [
      'paddings that depend on the input',
      both(sliced(), (graph, input) => graph.add('Pad', [input, graph.add('Shape', [input])])),
      /Pad "node v\d+" with pads that are no constants/,
    ],
    [
      'paddings in a circle',
      both(sliced(), (graph, input) => {
        const pads = graph.add('Cast', ['later']);
        graph.nodes.push({ operator: 'Cast', inputs: [pads], output: 'later', attributes: {} });
        return graph.add('Pad', [input, pads]);
      }),
      /Pad "node v\d+" with pads that are no constants/,
    ],
    [
      'more paddings than memory holds',
      both(sliced(), (graph, input) =>
        graph.add('Pad', [input, graph.add('ConstantOfShape', [constant(graph, [2 ** 40])])]),
      ),
      /Pad "node v\d+" with pads that are no constants/,
    ],
    ['something else', both(right, (graph, input) => graph.add('Sigmoid', [input])), RegExp(`Sigmoid ${place}`)],
    [
      'the values of an example, as a traced detour outside of the graph leaves them',
      both(
        (graph) =>
          graph.add('Constant', [], {
            value: { tensor: tensorMessage('', [1, 2, 1, 1, 1], new Float32Array(2), true) },
          }),
        concatenated(0),
      ),
      RegExp(`Constant ${place}, a constant where the input of the block belongs`),
    ],
    [
      'the values of an example and nothing else',
      (graph) =>
        graph.add('Constant', [], { value: { tensor: tensorMessage('', [1, 4, 1, 1, 1], new Float32Array(4), true) } }),
      RegExp(`Constant ${place}, a constant where the input of the block belongs`),
    ],
  ])('refused: %s', (_, shortcut, finding) => {
    expectRefusal(() => load(graphOf(architecture, shortcut)), finding);
  });

  test('refused: the way around a block that changes nothing, from elsewhere', () => {
    const attempt = changed(({ nodes }) => {
      const additions = nodes.filter(({ operator }) => operator === 'Add');
      const [pool, second] = [nodes.find(({ operator }) => operator === 'MaxPool')!, additions[1]!];
      const before = nodes.find(({ inputs, operator }) => operator === 'Relu' && inputs[0] === additions[0]!.output)!;
      second.inputs = second.inputs.map((name) => (name === before.output ? pool.output : name));
    });
    expectRefusal(attempt, /MaxPool "node v\d+" in the shortcut of layer1\.1/);
  });
});

describe('the end', () => {
  /** The mean by another node. */
  const mean = (operator: string, inputs: (graph: GraphWriter) => readonly string[], attributes: Node['attributes']) =>
    changed((graph) => {
      const node = last(graph.nodes, 'ReduceMean');
      node.inputs = [node.inputs[0]!, ...inputs(graph)];
      Object.assign(node, { operator, attributes });
    });

  test.each([
    ['a global pool', mean('GlobalAveragePool', () => [], {})],
    ['axes as an input', mean('ReduceMean', (graph) => [graph.integers([-1, -2, -3])], { keepdims: 0 })],
  ])('%s', (_, attempt) => {
    expect(attempt().architecture).toEqual(architecture);
  });

  test('layers behind the mean are noted', () => {
    const attempt = changed((graph) => {
      graph.add('Gemm', [graph.add('Flatten', [last(graph.nodes, 'ReduceMean').output], { axis: 1 }), 'w']);
    });
    expect(attempt().notes.join(' ')).toMatch(/Layers of heads are left out: Gemm "node v\d+"\./);
  });

  test.each<[string, RegExp, ReturnType<typeof changed>]>([
    ['a maximum', /GlobalMaxPool "node v\d+" after the last block/, mean('GlobalMaxPool', () => [], {})],
    [
      'a mean along two axes',
      /ReduceMean "node v\d+" after the last block/,
      mean('ReduceMean', () => [], { axes: [3, 4] }),
    ],
    ['a mean over the batch too', /ReduceMean "node v\d+" after/, mean('ReduceMean', () => [], { axes: [0, 2, 3, 4] })],
    ['a mean over everything', /ReduceMean "node v\d+" after the last block/, mean('ReduceMean', () => [], {})],
    [
      'no mean',
      /no mean over depth, height and width after the last block \(Relu "node v\d+"\)/,
      changed(({ nodes }) => nodes.pop()),
    ],
    [
      'no rectifier',
      /ReduceMean "node v\d+" after the last residual addition, where a rectifier belongs/,
      changed(({ nodes }) => {
        const relu = nodes.splice(nodes.indexOf(last(nodes, 'Relu')), 1)[0]!;
        nodes.at(-1)!.inputs = relu.inputs;
      }),
    ],
    [
      'another rectifier',
      /LeakyRelu "node v\d+" after the last residual addition, where a rectifier belongs/,
      changed(({ nodes }) => {
        last(nodes, 'Relu').operator = 'LeakyRelu';
      }),
    ],
    [
      'nothing after the last addition',
      /no rectifier after the last residual addition \(Add "node v\d+"\)/,
      changed(({ nodes }) => nodes.splice(-2)),
    ],
  ])('refused: %s', (_, finding, attempt) => {
    expectRefusal(attempt, finding);
  });
});
