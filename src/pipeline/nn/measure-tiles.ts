/** Times the tiles of nn/conv on representative layers, for adapters that the table of tiles does not know. */
import { type Engine, Recording } from '../../engine/index.ts';
import { activationBytes, octetsOf, quadsOf, type Storage } from './activation.ts';
import {
  convolutionFlags,
  type ConvolutionMethod,
  kernelsOf,
  methodFor,
  productsOf,
  recordConvolution,
  tilesOf,
  type Window,
} from './conv.ts';
import { partBytes, partsOf } from './parts.ts';
import { type LayerClass, layerClasses, type TileChoice } from './tile-table.ts';
import { defaultTile, type TileName, tiles } from './tiles.ts';

/** A layer that stands for its class: 3 x 3 x 3 taps, padded. */
export interface SampleLayer {
  /** Voxels along each axis. */
  readonly size: number;
  /** Of the input and of the result. */
  readonly channels: number;
}

/** Layers of 3D ResNet18s on 64 x 64 x 64 voxels, 0.3 to 1.8 GFLOP each. */
export const sampleLayers: Readonly<Record<LayerClass, SampleLayer>> = {
  wide: { size: 16, channels: 64 },
  middle: { size: 8, channels: 256 },
  small: { size: 4, channels: 256 },
};

const window: Window = { extent: [3, 3, 3], stride: [1, 1, 1], padding: [1, 1, 1], dilation: [1, 1, 1] };

/** Activations of a layer, before and after it. */
export const sampleShape = ({ size, channels }: SampleLayer) =>
  ({ images: 1, channels, size: [size, size, size] }) as const;

/**
 * Shortest time of a layer on zeros, milliseconds; in parts where the method has them for such a layer.
 * @param repeats runs after one that compiles
 */
export async function timeLayer(
  engine: Engine,
  layer: SampleLayer,
  method: ConvolutionMethod,
  storage: Storage,
  repeats: number,
): Promise<number> {
  const shape = sampleShape(layer);
  const parts = partsOf(shape, shape, method.fill ?? 0);
  const values = Math.ceil(layer.channels / 16) * 27 * octetsOf(shape) * 128;
  let least = Number.POSITIVE_INFINITY;
  for (let k = 0; k <= repeats; k++) {
    const rec = new Recording('nn/tiles');
    const input = { ...shape, buffer: rec.zeros('nn/tiles.activation', activationBytes(shape, storage)) };
    const filter = {
      ...window,
      outputs: layer.channels,
      weights: rec.zeros('nn/tiles.weights', values * (storage === 'f16' ? 2 : 4)),
      bias: rec.zeros('nn/tiles.bias', 32 * quadsOf(shape)),
    };
    const into = rec.buffer('nn/tiles.results', activationBytes(shape, storage));
    const inBuffer =
      parts.count > 1 ? { ...parts, buffer: rec.buffer('nn/tiles.parts', partBytes(shape, parts)) } : undefined;
    recordConvolution(rec, input, filter, into, { storage, method, relu: true, parts: inBuffer });
    const milliseconds = await engine.measure(rec);
    if (k > 0) least = Math.min(least, milliseconds);
  }
  return least;
}

/** By how much a tile must be faster than the default one to be taken: less is noise. */
const gain = 0.03;
/** Milliseconds after which no other tile is tried: what is left keeps the default. */
const budget = 500;

/**
 * The fastest tile for each class.
 * @param time milliseconds of a tile for a class
 */
export async function chooseTiles(time: (name: LayerClass, tile: TileName) => Promise<number>): Promise<TileChoice> {
  const started = performance.now();
  const choice = { wide: defaultTile, middle: defaultTile, small: defaultTile } as Record<LayerClass, TileName>;
  const others = (Object.keys(tiles) as TileName[]).filter((tile) => tile !== defaultTile);
  for (const name of layerClasses) {
    let least = (1 - gain) * (await time(name, defaultTile));
    for (const tile of others) {
      if (performance.now() - started > budget) return choice;
      const milliseconds = await time(name, tile);
      if (milliseconds < least) {
        least = milliseconds;
        choice[name] = tile;
      }
    }
  }
  return choice;
}

const runs = 2;
const measured = new WeakMap<Engine, Map<Storage, Promise<ConvolutionMethod>>>();

async function measure(
  engine: Engine,
  storage: Storage,
  method: ConvolutionMethod,
  layers: typeof sampleLayers,
): Promise<ConvolutionMethod> {
  const every = Object.values(tiles).flatMap((tile) => [...kernelsOf({ ...method, ...tile })]);
  await engine.prepare(every, convolutionFlags(storage, productsOf(method, storage)));
  const choice = await chooseTiles((name, tile) =>
    timeLayer(engine, layers[name], { ...method, ...tiles[tile] }, storage, runs),
  );
  return { ...method, tiles: tilesOf(choice) };
}

/**
 * A method with the tiles that are fastest on the engine's adapter, measured once per engine and storage. The results do not
 * depend on them.
 * @param method of nn/conv
 * @param layers on which they are measured
 * @throws EngineError
 */
export function measuredMethod(
  engine: Engine,
  storage: Storage,
  method: ConvolutionMethod,
  layers: typeof sampleLayers = sampleLayers,
): Promise<ConvolutionMethod> {
  const known = measured.get(engine) ?? new Map<Storage, Promise<ConvolutionMethod>>();
  measured.set(engine, known);
  let measuring = known.get(storage);
  if (!measuring) {
    measuring = measure(engine, storage, method, layers);
    known.set(storage, measuring);
    // What has failed, for want of memory say, may succeed later.
    measuring.catch(() => known.delete(storage));
  }
  return measuring;
}

/** The method for an engine's adapter: what the table knows, and measured tiles on other GPUs. @throws EngineError */
export async function methodOn(engine: Engine, storage: Storage): Promise<ConvolutionMethod> {
  const method = methodFor(engine.caps);
  const unknown = method.part !== undefined && method.tiles === undefined && !engine.caps.software;
  return unknown ? measuredMethod(engine, storage, method) : method;
}
