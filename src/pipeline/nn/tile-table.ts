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

/** Adapters measured, each with what the choice was made from: times over those of 64x64/8x8, in float32. */
export const tileTable: readonly TileRow[] = [];

/**
 * GPUs that nobody has measured: their tiles are, when a network is first opened. Not what changes results: 16-bit
 * products, for which GPUs have the arithmetic, and parts for the few workgroups that any GPU of more than a handful of
 * cores cannot be filled by.
 */
export const unmeasuredGpu = { products: 'f16', fill: 256 } as const satisfies Partial<TileRow>;

/** The row of an adapter; none for one that nobody has measured. */
export const tileRow = ({ adapter, driver }: Pick<Caps, 'adapter' | 'driver'>): TileRow | undefined =>
  tileTable.find((row) => row.adapter.test(`${adapter} ${driver}`));
