/** What a forward pass will do and keep, before anything runs: layers, sizes, and which activations share memory. */
import { sizeClass } from '../../engine/index.ts';
import { PipelineError } from '../errors.ts';
import type { Vec3 } from '../volume.ts';
import { activationBytes, type ActivationShape, type Storage } from './activation.ts';
import { type Window, windowed } from './conv.ts';
import { type Architecture, type Convolution, networkOf } from './manifest.ts';
import { partBytes, type Parts, partsOf } from './parts.ts';
import { pooledSize } from './pool.ts';
import { paysWinograd, suitsWinograd, workspaceBytes } from './winograd.ts';
import { unfoldedShape, unfoldedWindow } from './unfold.ts';

/** An activation of a pass. */
export interface PlannedActivation extends ActivationShape {
  /** `unfolded`, `relu1`, `maxpool`, `layer1.0.relu1`, `layer2.0.shortcut` (of shortcut B), `layer1.0` … */
  readonly name: string;
  readonly bytes: number;
  /** Number of the buffer that holds it. */
  readonly slot: number;
}

export type PlannedStep =
  | { readonly kind: 'unfold'; readonly window: Window; readonly output: string }
  | { readonly kind: 'maxpool'; readonly input: string; readonly output: string }
  | {
      readonly kind: 'convolution';
      /** Of the convolution in the manifest. */
      readonly key: string;
      readonly window: Window;
      readonly relu: boolean;
      /** Whether by nn/winograd. */
      readonly winograd: boolean;
      /** In which parts, where it is not whole. */
      readonly parts: Parts | null;
      readonly input: string;
      readonly output: string;
      /** What is added before the rectifier. */
      readonly residual?: { readonly input: string; readonly stride: number };
    };

/** A forward pass. */
export interface NetworkPlan {
  readonly steps: readonly PlannedStep[];
  readonly activations: ReadonlyMap<string, PlannedActivation>;
  /** The activation that the pass ends with. */
  readonly last: PlannedActivation;
  /** Bytes of each buffer that activations share, as the pool will make them. */
  readonly slots: readonly number[];
  /** Bytes of the buffers for the points of nn/winograd or the parts of nn/conv; none where no layer has such. */
  readonly workspace: readonly number[];
  /** Bytes of all of them. */
  readonly arenaBytes: number;
  /** Bytes of the volumes on the GPU. */
  readonly inputBytes: number;
}

/** The geometry of a convolution of the manifest, whose axes are depth, height, width. */
export function windowOf({ shape, stride, padding, dilation }: Convolution): Window {
  const turned = ([d, h, w]: readonly [number, number, number]): Vec3 => [w, h, d];
  return {
    extent: [shape[4], shape[3], shape[2]],
    stride: turned(stride),
    padding: turned(padding),
    dilation: turned(dilation),
  };
}

const inputsOf = (step: PlannedStep): string[] => {
  if (step.kind === 'unfold') return [];
  return step.kind === 'convolution' && step.residual ? [step.input, step.residual.input] : [step.input];
};

type Shapes = Map<string, ActivationShape>;

/** The layers up to the one wanted, and the shape of every activation. */
function layers(
  architecture: Architecture,
  { images, channels, size, winograd = false, fill = 0 }: PlanOptions,
  last: string,
) {
  const { stem, maxPool, blocks } = networkOf(architecture);
  const steps: PlannedStep[] = [];
  const shapes: Shapes = new Map();
  const add = (step: PlannedStep, shape: ActivationShape) => {
    steps.push(step);
    shapes.set(step.output, shape);
  };
  const window = windowOf(stem);
  add({ kind: 'unfold', window, output: 'unfolded' }, unfoldedShape(images, channels, size, window));
  const convolve = (
    convolution: Convolution,
    input: string,
    output: string,
    relu: boolean,
    residual?: { input: string; stride: number },
  ) => {
    const from = shapes.get(input)!;
    const window = input === 'unfolded' ? unfoldedWindow(windowOf(convolution)) : windowOf(convolution);
    const shape = { images, channels: convolution.shape[0], size: windowed(from.size, window) };
    const channels = Math.max(from.channels, shape.channels);
    const points = winograd && suitsWinograd(window) && paysWinograd(from.size, window, channels);
    const some = partsOf(from, shape, points ? 0 : fill);
    const parts = some.count > 1 ? some : null;
    const { key } = convolution;
    add({ kind: 'convolution', key, window, relu, winograd: points, parts, input, output, residual }, shape);
  };
  convolve(stem, 'unfolded', 'relu1', true);
  let before = 'relu1';
  if (maxPool) {
    const from = shapes.get(before)!;
    add({ kind: 'maxpool', input: before, output: 'maxpool' }, { ...from, size: pooledSize(from.size) });
    before = 'maxpool';
  }
  for (const { name, conv1, conv2, downsample } of blocks) {
    convolve(conv1, before, `${name}.relu1`, true);
    if (downsample) convolve(downsample, before, `${name}.shortcut`, false);
    const residual = downsample ? { input: `${name}.shortcut`, stride: 1 } : { input: before, stride: conv1.stride[0] };
    convolve(conv2, `${name}.relu1`, name, true, residual);
    before = name;
  }
  const end = steps.findIndex(({ output }) => output === last);
  if (end < 0) {
    const known = steps.map(({ output }) => output).join(', ');
    throw new PipelineError('BadSetting', `no layer "${last}"; there are pool, stem, layer1 to layer4, ${known}`);
  }
  return { steps: steps.slice(0, end + 1), shapes };
}

/** Gives each activation a buffer whose former content nobody needs any more: the smallest that is large enough, else the largest. */
function shareSlots(steps: readonly PlannedStep[], bytesOf: (name: string) => number) {
  const lastUse = new Map<string, number>();
  steps.forEach((step, k) => {
    for (const name of [step.output, ...inputsOf(step)]) lastUse.set(name, k);
  });
  const slots: { bytes: number; holds: string | null }[] = [];
  const slotOf = new Map<string, number>();
  steps.forEach(({ output }, k) => {
    for (const slot of slots) if (slot.holds !== null && lastUse.get(slot.holds)! < k) slot.holds = null;
    const bytes = sizeClass(bytesOf(output));
    const free = slots.filter(({ holds }) => holds === null).sort((a, b) => a.bytes - b.bytes);
    let slot = free.find((candidate) => candidate.bytes >= bytes) ?? free.at(-1);
    if (!slot) {
      slot = { bytes, holds: null };
      slots.push(slot);
    }
    slot.bytes = Math.max(slot.bytes, bytes);
    slot.holds = output;
    slotOf.set(output, slots.indexOf(slot));
  });
  return { slotOf, slots: slots.map(({ bytes }) => bytes) };
}

/** Names that people give to layers. */
const aliases: Readonly<Record<string, string>> = {
  pool: 'layer4.1',
  stem: 'relu1',
  ...Object.fromEntries([1, 2, 3, 4].map((n) => [`layer${n}`, `layer${n}.1`])),
};

export interface PlanOptions {
  readonly images: number;
  /** Channels of the volumes. */
  readonly channels: number;
  /** Voxels of the volumes along x, y and z. */
  readonly size: Vec3;
  readonly storage: Storage;
  /** Where to stop: `pool`, `stem`, `layer1` to `layer4`, or the name of an activation. Default `pool`: after layer 4. */
  readonly layer?: string;
  /** Whether convolutions take nn/winograd where that is faster. Default false. */
  readonly winograd?: boolean;
  /** Workgroups that fill the adapter: layers of fewer are computed in parts. Default 0: none. */
  readonly fill?: number;
}

/** Bytes of the buffers that a step needs beside its activations. */
function workspaceOf(step: PlannedStep, shapes: Shapes): readonly number[] {
  if (step.kind !== 'convolution') return [];
  const [from, to] = [shapes.get(step.input)!, shapes.get(step.output)!];
  if (step.winograd) return workspaceBytes(from, to.channels, step.window);
  return step.parts ? [partBytes(to, step.parts)] : [];
}

/**
 * Plans a forward pass.
 * @throws PipelineError BadSetting for an unknown layer or a size that is not at least one voxel
 */
export function planNetwork(architecture: Architecture, options: PlanOptions): NetworkPlan {
  const { images, channels, size, storage, layer = 'pool' } = options;
  if (size.some((n) => !Number.isInteger(n) || n < 1))
    throw new PipelineError(
      'BadSetting',
      `a network needs at least one voxel along each axis, found ${size.join(' x ')}`,
    );
  const { steps, shapes } = layers(architecture, options, aliases[layer] ?? layer);
  const bytesOf = (name: string) => activationBytes(shapes.get(name)!, storage);
  const { slotOf, slots } = shareSlots(steps, bytesOf);
  const workspaces = steps.map((step) => workspaceOf(step, shapes));
  const workspace = [0, 1]
    .map((k) => Math.max(...workspaces.map((bytes) => bytes[k] ?? 0)))
    .filter((bytes) => bytes > 0)
    .map(sizeClass);
  const activations = new Map(
    steps.map(({ output }): [string, PlannedActivation] => [
      output,
      { ...shapes.get(output)!, name: output, bytes: bytesOf(output), slot: slotOf.get(output)! },
    ]),
  );
  return {
    steps,
    activations,
    last: activations.get(steps.at(-1)!.output)!,
    slots,
    workspace,
    arenaBytes: [...slots, ...workspace].reduce((sum, bytes) => sum + bytes, 0),
    inputBytes: images * sizeClass(4 * channels * size[0] * size[1] * size[2]),
  };
}

/** Multiply-adds of a convolution times two, all taps and those inside the image, in units of 1e9. */
export function gigaflops(
  { images, channels }: Pick<ActivationShape, 'images' | 'channels'>,
  inputs: number,
  size: Vec3,
  window: Window,
): { readonly all: number; readonly inside: number } {
  const out = windowed(size, window);
  const count = (inside: boolean) =>
    out.reduce((product, n, a) => {
      let taps = 0;
      for (let o = 0; o < n; o++)
        for (let t = 0; t < window.extent[a]!; t++) {
          const at = o * window.stride[a]! - window.padding[a]! + t * window.dilation[a]!;
          if (!inside || (at >= 0 && at < size[a]!)) taps++;
        }
      return product * taps;
    }, 1);
  const pairs = (2 * images * channels * inputs) / 1e9;
  return { all: pairs * count(false), inside: pairs * count(true) };
}
