/** The convolutions of a network by themselves: what each has to do, and its GPU time. */
import { type Engine, Recording } from '../../src/engine/index.ts';
import {
  type Activation,
  type ActivationShape,
  activationBytes,
  type Storage,
} from '../../src/pipeline/nn/activation.ts';
import { type ConvolutionMethod, productsOf, recordConvolution, type Window } from '../../src/pipeline/nn/conv.ts';
import type { PackedFilter } from '../../src/pipeline/nn/filter.ts';
import { hashVolume } from '../../src/pipeline/nn/hash-weights.ts';
import type { Architecture } from '../../src/pipeline/nn/manifest.ts';
import { NetworkFilters } from '../../src/pipeline/nn/network-filters.ts';
import { partBytes, type Parts } from '../../src/pipeline/nn/parts.ts';
import { gigaflops, planNetwork } from '../../src/pipeline/nn/plan.ts';
import type { Weights } from '../../src/pipeline/nn/weights.ts';
import { recordWinograd, workspaceBytes } from '../../src/pipeline/nn/winograd.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';

/** What convolutions have to do at least. */
export interface Work {
  /** Multiply-adds times two, 1e9: all taps, and those inside the image. */
  readonly gflop: number;
  readonly gflopInside: number;
  /** Activations read and written once, and of the filter, as it is stored, the taps that are ever inside the image. */
  readonly megabytes: number;
}

/** A convolution of a plan. */
export interface Layer extends Work {
  readonly window: Window;
  readonly from: ActivationShape;
  readonly to: ActivationShape;
  readonly residual?: { readonly shape: ActivationShape; readonly stride: number };
  readonly winograd: boolean;
  readonly parts: Parts | null;
  readonly filter: PackedFilter;
}

/** How convolutions are computed and stored. */
export interface Way {
  readonly method: ConvolutionMethod;
  readonly storage: Storage;
}

const seed = 'voxomics-ref-1';

/** Share of a filter's taps that lie inside the image for any voxel of the result. */
function usedTaps({ extent, stride, padding, dilation }: Window, from: Vec3, to: Vec3): number {
  return [0, 1, 2].reduce((share, a) => {
    const used = Array.from({ length: extent[a]! }, (_, tap) => tap).filter((tap) =>
      Array.from({ length: to[a]! }, (_, voxel) => voxel * stride[a]! - padding[a]! + tap * dilation[a]!).some(
        (at) => at >= 0 && at < from[a]!,
      ),
    );
    return (share * used.length) / extent[a]!;
  }, 1);
}

/** The convolutions of a pass over one image that differ, by their geometry, with their number. */
export function layersOf(
  architecture: Architecture,
  weights: Weights,
  size: Vec3,
  { method, storage }: Way,
): Map<string, { readonly layer: Layer; times: number }> {
  const layers = new Map<string, { readonly layer: Layer; times: number }>();
  const { winograd: points, fill } = method;
  const plan = planNetwork(architecture, {
    images: 1,
    channels: 1,
    size,
    storage,
    winograd: points,
    fill,
  });
  const filters = new NetworkFilters(weights, architecture, storage, productsOf(method, storage), true);
  const stem = plan.steps.find((step) => step.kind === 'unfold')!.window;
  for (const step of plan.steps) {
    if (step.kind !== 'convolution') continue;
    const { window, winograd, parts: inParts } = step;
    const [from, to] = [plan.activations.get(step.input)!, plan.activations.get(step.output)!];
    // The first one is counted as it is before unfolding.
    const first = step.input === 'unfolded';
    const { all, inside } = first ? gigaflops(to, 1, size, stem) : gigaflops(to, from.channels, from.size, window);
    const { extent, stride, dilation } = first ? stem : window;
    const parts = [
      `${extent.join('x')}, ${first ? 1 : from.channels} -> ${to.channels}, to ${[...to.size].reverse().join('x')}`,
    ];
    if (stride.some((n) => n > 1)) parts.push(`stride ${[...stride].reverse().join('x')}`);
    if (dilation[0] > 1) parts.push(`dilation ${dilation[0]}`);
    if (step.residual) parts.push('and shortcut');
    if (winograd) parts.push('Winograd');
    if (inParts) parts.push(`${inParts.count} parts`);
    const name = parts.join(', ');
    const known = layers.get(name);
    if (known) {
      known.times++;
      continue;
    }
    const residual = step.residual && {
      shape: plan.activations.get(step.residual.input)!,
      stride: step.residual.stride,
    };
    const filter = filters.pack(step);
    const bytes =
      activationBytes(from, storage) +
      activationBytes(to, storage) * (residual ? 2 : 1) +
      filter.weights.byteLength * (winograd ? 1 : usedTaps(window, from.size, to.size)) +
      filter.bias.byteLength;
    const work = { gflop: all, gflopInside: inside, megabytes: bytes / 1e6 };
    layers.set(name, { layer: { window, from, to, residual, winograd, parts: inParts, filter, ...work }, times: 1 });
  }
  return layers;
}

/** Values as they come out of a rectifier; of the unfolded volume as they are. */
function valuesOf(shape: ActivationShape, rectified: boolean, storage: Storage): Float32Array | Float16Array {
  const values = hashVolume(seed, [activationBytes(shape, 'f32') / 4]);
  const seen = rectified ? values.map((value) => Math.max(value, 0)) : values;
  return storage === 'f16' ? new Float16Array(seen) : seen;
}

/** GPU milliseconds of a convolution, the first run and `repeats` more. */
export async function timeLayer(
  engine: Engine,
  layer: Layer,
  { method, storage }: Way,
  first: boolean,
  repeats: number,
): Promise<number[]> {
  const { window, from, to, residual, winograd, filter, parts } = layer;
  const setup = new Recording('bench/nn.values');
  const upload = (name: string, data: ArrayBufferView) => setup.keep(setup.upload(`bench/nn.${name}`, data));
  const input: Activation = { ...from, buffer: upload('activation', valuesOf(from, !first, storage)) };
  const around = residual && {
    activation: { ...residual.shape, buffer: upload('shortcut', valuesOf(residual.shape, true, storage)) },
    stride: residual.stride,
  };
  const buffers = { weights: upload('weights', filter.weights), bias: upload('bias', filter.bias) };
  await engine.execute(setup);
  const times: number[] = [];
  for (let k = 0; k <= repeats; k++) {
    const rec = new Recording('bench/nn');
    const into = rec.buffer('bench/nn.results', activationBytes(to, storage));
    const packed = { ...window, outputs: to.channels, ...buffers };
    const end = { storage, relu: true, ...(around ? { residual: around } : {}) } as const;
    if (winograd) {
      const [points, products] = workspaceBytes(from, to.channels, window).map((bytes, n) =>
        rec.buffer(`bench/nn.points${n}`, bytes),
      );
      recordWinograd(rec, input, packed, into, [points!, products!], end);
    } else {
      const inParts = parts ? { ...parts, buffer: rec.buffer('bench/nn.parts', partBytes(to, parts)) } : undefined;
      recordConvolution(rec, input, packed, into, { ...end, method, parts: inParts });
    }
    times.push(await engine.measure(rec));
  }
  engine.release(input.buffer, buffers.weights, buffers.bias, ...(around ? [around.activation.buffer] : []));
  return times;
}
