/**
 * Shortcut A in an ONNX graph: every second voxel where the block has stride 2 (a slice, or a pool of one tap), and channels of
 * zeros behind those of the input (a padding, or a concatenation). It has no weights, so only its nodes tell that it is one.
 */
import type { Convolution } from '../../../pipeline/nn/manifest.ts';
import { type Graph, labelOf } from './onnx-graph.ts';
import { OnnxError, type OnnxNode } from './onnx-model.ts';

/** Slices end at the axis's end by numbers beyond all sizes: exporters write 2^31 - 1 or 2^63 - 1. */
const beyondAll = 2 ** 31 - 1;
const rank = 5;
const channelAxis = 1;
const spatialAxes = [2, 3, 4];
/** Nodes of a shortcut at most: a slice for each axis, and a padding. */
const longestShortcut = 8;

const axisOf = (axis: number): number => (axis < 0 ? axis + rank : axis);
const isAll = (values: readonly number[] | undefined, wanted: number): boolean =>
  (values ?? []).every((value) => value === wanted);

/** Steps along depth, height and width of a slice that begins and ends where its input does. */
function stepsOfSlice(graph: Graph, node: OnnxNode): number[] | undefined {
  const starts = graph.parameter(node, 1, 'starts') ?? [];
  const ends = graph.parameter(node, 2, 'ends') ?? [];
  const axes = (graph.parameter(node, 3, 'axes') ?? starts.map((_, axis) => axis)).map(axisOf);
  const steps = graph.parameter(node, 4, 'steps') ?? starts.map(() => 1);
  const whole = isAll(starts, 0) && ends.every((end) => end >= beyondAll) && axes.length === steps.length;
  if (!whole || axes.some((axis, k) => axis < spatialAxes[0]! && steps[k] !== 1)) return undefined;
  return spatialAxes.map((axis) => steps[axes.indexOf(axis)] ?? 1);
}

/** Steps of a pool of one tap, which is a sampling. */
function stepsOfPool({ attributes }: OnnxNode): readonly number[] | undefined {
  const of = (name: string) => attributes.get(name)?.integers;
  const single = of('kernel_shape')?.length === spatialAxes.length && isAll(of('kernel_shape'), 1);
  const rounded = (attributes.get('ceil_mode')?.integer ?? 0) !== 0;
  return single && !rounded && isAll(of('pads'), 0) ? (of('strides') ?? [1, 1, 1]) : undefined;
}

/** Channels of zeros that a padding puts behind those of its input; undefined where it pads anything else. */
function channelsOfPadding(graph: Graph, node: OnnxNode): number | undefined {
  const mode = node.attributes.get('mode')?.text ?? 'constant';
  const pads = graph.parameter(node, 1, 'pads') ?? [];
  const zero = node.inputs[2] ? graph.isZero(node.inputs[2]) : (node.attributes.get('value')?.float ?? 0) === 0;
  const axes = (graph.parameter(node, 3, 'axes') ?? [0, 1, 2, 3, 4]).map(axisOf);
  const behind = axes.indexOf(channelAxis) + axes.length;
  const only = pads.length === 2 * axes.length && pads.every((n, k) => n === 0 || (k === behind && n > 0));
  return mode === 'constant' && zero && only && axes.includes(channelAxis) ? pads[behind] : undefined;
}

/** Whether a concatenation puts zeros behind the channels of its first input. Their number follows from the sum's. */
const addsZeros = (graph: Graph, { inputs, attributes }: OnnxNode): boolean =>
  axisOf(attributes.get('axis')?.integer ?? 0) === channelAxis && inputs.slice(1).every((name) => graph.isZero(name));

/**
 * Checks the way around a block that has no convolution on it.
 * @param from what the block is applied to
 * @param to what is added
 * @param block its name
 * @param convolution the block's first, which has the strides and channels that the shortcut must have
 * @throws OnnxError naming the node that differs
 */
export function checkShortcut(
  graph: Graph,
  from: string,
  to: string,
  block: string,
  { shape, stride }: Pick<Convolution, 'shape' | 'stride'>,
): void {
  const steps = [1, 1, 1];
  const more = shape[0] - shape[1];
  let added = 0;
  let value = to;
  for (let hops = 0; graph.resolve(value) !== graph.resolve(from); hops++) {
    const node = graph.producer(value);
    const label = node ? labelOf(node) : `"${value}"`;
    const differs = (what: string) => new OnnxError(`${label} in the shortcut of ${block}, ${what}`);
    if (graph.tensorOf(value))
      throw differs('a constant where the input of the block belongs: its exporter has written the example there');
    if (!node || hops === longestShortcut) throw differs('which does not begin with the input of its block');
    if (node.operator === 'Pad') {
      const channels = channelsOfPadding(graph, node);
      if (channels === undefined) throw differs('which pads with other than zeros behind the channels');
      added += channels;
    } else if (node.operator === 'Concat') {
      if (!addsZeros(graph, node)) throw differs('which adds other than zeros behind the channels');
      added = more;
    } else {
      const sampling = node.operator === 'Slice' ? stepsOfSlice(graph, node) : undefined;
      const pooling = /^(Average|Max)Pool$/.test(node.operator) ? stepsOfPool(node) : undefined;
      const found = sampling ?? pooling;
      if (!found) throw differs('where single voxels are taken and channels of zeros added');
      for (const [axis, step] of found.entries()) steps[axis]! *= step;
    }
    value = node.inputs[0] ?? '';
  }
  const last = graph.producer(to);
  const where = last ? labelOf(last) : `"${to}"`;
  if (`${steps}` !== `${stride}`)
    throw new OnnxError(
      `a shortcut of ${block} with the strides [${steps}], where its block has [${stride}] (${where})`,
    );
  if (added !== more)
    throw new OnnxError(
      `a shortcut of ${block} with ${added} channels of zeros, where its block adds ${more} (${where})`,
    );
}
