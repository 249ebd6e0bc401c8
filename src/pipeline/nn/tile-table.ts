/** Which tile of nn/conv is fastest, by adapter and class of layer: measured, see `npm run bench -- stages --stage tiles`. */
import type { Caps } from '../../engine/index.ts';
import type { Storage } from './activation.ts';
import type { TileName } from './tiles.ts';

/** Layers by the voxels of their results in all images, which decide how many workgroups a tile makes. */
export type LayerClass = 'wide' | 'middle' | 'small';
export const layerClasses: readonly LayerClass[] = ['wide', 'middle', 'small'];

/** The class of a layer. */
export const classOf = (voxels: number): LayerClass => (voxels >= 4096 ? 'wide' : voxels >= 256 ? 'middle' : 'small');

/** A tile for each class. */
export type TileChoice = Readonly<Record<LayerClass, TileName>>;

/** What was measured on an adapter. */
export interface TileRow {
  /** Of the adapter's name or its driver's description. */
  readonly adapter: RegExp;
  /** By storage; without a row for 16 bits where the adapter has none. */
  readonly tiles: Readonly<Partial<Record<Storage, TileChoice>>>;
  /** In what 16-bit values are multiplied. */
  readonly products: Storage;
  /** Workgroups that fill it: layers of fewer are computed in parts (`partsOf`); 0: parts never pay. */
  readonly fill: number;
}

const lavapipe: TileChoice = { wide: '128x64/8x8', middle: '128x64/8x8', small: '64x64/8x8' };
const swiftshader: TileChoice = { wide: '64x64/8x8', middle: '64x64/8x8', small: '64x64/8x8' };

/**
 * Adapters measured. The comments are times over those of 64x64/8x8 in the order 128x64/8x8, 64x64/4x4, 64x32/8x4,
 * 32x32/4x4, by processor time for those that compute on the CPU.
 */
export const tileTable: readonly TileRow[] = [
  // f32: wide 0.84 1.54 1.10 1.62, middle 0.91 1.47 1.11 1.67, small 1.58 1.36 1.06 1.45; f16 the same within 0.2.
  // 16-bit products take 1.01 to 1.05 times as long as 32-bit ones, four or eight parts of the small layer 0.97 to 1.08.
  // With subgroups of eight nn/conv-lanes takes 0.24 to 0.29, with 32-bit products.
  { adapter: /llvmpipe/i, tiles: { f32: lavapipe, f16: lavapipe }, products: 'f32', fill: 0 },
  // f32: wide 1.01 1.58 1.11 1.32, middle 1.10 1.44 1.21 1.39, small 1.96 1.47 1.18 1.40. It has no 16-bit floats.
  { adapter: /swiftshader/i, tiles: { f32: swiftshader }, products: 'f32', fill: 0 },
];

/**
 * GPUs that nobody has measured: their tiles are, when a network is first opened. Not what changes results: 16-bit
 * products, for which GPUs have the arithmetic, and parts for the few workgroups that any GPU of more than a handful of
 * cores cannot be filled by.
 */
export const unmeasuredGpu = { products: 'f16', fill: 256 } as const satisfies Partial<TileRow>;

/** The row of an adapter; none for one that nobody has measured. */
export const tileRow = ({ adapter, driver }: Pick<Caps, 'adapter' | 'driver'>): TileRow | undefined =>
  tileTable.find((row) => row.adapter.test(`${adapter} ${driver}`));
