/** nn/conv in several sizes: kernels that give the same results, bit by bit, of which adapters prefer different ones. */
import source from '../../../shaders/nn/conv.wgsl?raw';
import { defineKernel } from '../../engine/index.ts';
import { convolutionBindings as bindings } from './conv-bindings.ts';

const flags = ['F16', 'F16_PRODUCTS'] as const;

interface Sizes {
  /** Voxels and channels that a workgroup makes; channels a multiple of 16. */
  readonly tile: readonly [number, number];
  /** The same of an invocation; channels four or eight. A workgroup has as many invocations as its tile voxels, or twice … as many. */
  readonly own: readonly [number, number];
  /** Inputs in workgroup memory at once, 8 or 16, where products are float32; of 16-bit products always 16. */
  readonly round: 8 | 16;
}

function define(name: string, { tile, own, round }: Sizes) {
  const [voxels, channels] = tile;
  const spec = {
    source,
    flags,
    workgroup: (voxels * channels) / (own[0] * own[1]),
    constants: {
      TILE_VOXELS: voxels,
      TILE_CHANNELS: channels,
      OWN_VOXELS: own[0],
      OWN_CHANNELS: own[1],
      ROUND: round,
    },
  };
  const { params, activation, weights } = bindings;
  return {
    tile,
    kernel: defineKernel({ ...spec, name: `nn/conv:${name}`, bindings }),
    part: defineKernel({
      ...spec,
      name: `nn/conv:${name}-part`,
      entryPoint: 'part',
      bindings: { params, activation, weights, parts: 'read_write' },
    }),
  };
}

/** Every size, by voxels x channels of a workgroup and voxels x channels of an invocation. */
export const tiles = {
  '64x64/8x8': define('64x64/8x8', { tile: [64, 64], own: [8, 8], round: 8 }),
  '128x64/8x8': define('128x64/8x8', { tile: [128, 64], own: [8, 8], round: 16 }),
  '64x64/4x4': define('64x64/4x4', { tile: [64, 64], own: [4, 4], round: 16 }),
  '64x32/8x4': define('64x32/8x4', { tile: [64, 32], own: [8, 4], round: 16 }),
  '32x32/4x4': define('32x32/4x4', { tile: [32, 32], own: [4, 4], round: 16 }),
} as const;

export type TileName = keyof typeof tiles;
/** A size of nn/conv: its kernels, and voxels and channels of a workgroup. */
export type Tile = (typeof tiles)[TileName];

/** What is taken where nothing was measured. */
export const defaultTile = '64x64/8x8' satisfies TileName;
