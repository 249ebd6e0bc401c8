/** nn/conv:part and nn/conv-sum: convolutions of small images, whose inputs several workgroups share. */
import source from '../../../shaders/nn/conv-sum.wgsl?raw';
import { type BufferRef, defineKernel } from '../../engine/index.ts';
import { type ActivationShape, octetsOf, quadsOf, voxelsOf } from './activation.ts';

export const convSum = defineKernel({
  name: 'nn/conv-sum',
  source,
  bindings: { params: 'uniform', bias: 'read', shortcut: 'read', results: 'read_write', parts: 'read' },
  workgroup: 64,
  flags: ['F16', 'F16_PRODUCTS'],
});

/** Octets of inputs that a part has at least: with fewer, writing and adding the parts would take longer than their products. */
const leastOctets = 4;
/** Voxels and channels of the smallest tile of nn/conv: what smaller tiles can fill needs no parts. */
const smallest = [32, 32] as const;

/** The parts of a convolution. */
export interface Parts {
  readonly count: number;
  /** Octets of inputs of each but the last, which may have fewer; even, so that rounds of 16 inputs stay whole. */
  readonly octets: number;
}

/**
 * Parts in which a convolution is computed: one, or as many as make `fill` workgroups. It depends on the shape of one image
 * alone, so that an image has the same features in a batch, and not on the tile, which may be chosen by measurements.
 * @param fill workgroups that fill the adapter; 0: it is never too few
 */
export function partsOf(inputs: Pick<ActivationShape, 'channels'>, result: ActivationShape, fill: number): Parts {
  const all = octetsOf(inputs);
  const tiles = Math.ceil(voxelsOf(result) / smallest[0]) * Math.ceil(result.channels / smallest[1]);
  const wanted = Math.max(1, Math.min(Math.ceil(fill / tiles), Math.floor(all / leastOctets)));
  if (wanted === 1) return { count: 1, octets: all };
  const octets = 2 * Math.ceil(all / wanted / 2);
  return { count: Math.ceil(all / octets), octets };
}

/** Bytes of the parts of a convolution, sums in float32. */
export const partBytes = (result: ActivationShape, { count }: Parts): number =>
  count * result.images * voxelsOf(result) * quadsOf(result) * 16;

/** Parts and the buffer for them, of `partBytes`. */
export interface PartsInBuffer extends Parts {
  readonly buffer: BufferRef;
}
