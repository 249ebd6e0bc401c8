/** Times the tiles of nn/conv on representative layers, for adapters that the table of tiles does not know. */
import { type Engine, Recording } from '../../engine/index.ts';
import { activationBytes, type Storage } from './activation.ts';
import {
  convolutionFlags,
  type ConvolutionMethod,
  kernelsOf,
  methodFor,
  methods,
  productsOf,
  recordConvolution,
  tilesOf,
  type Window,
} from './conv.ts';
import { packedBytes } from './filter.ts';
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

/** Milliseconds that a sample takes at least, if `mostTimes` suffice: browsers give timestamps in steps of 0.1 ms. */
const leastSample = 2;
const mostTimes = 16;

/** A layer on zeros, several times; in parts where the method has them for such a layer. */
function recordLayer(layer: SampleLayer, method: ConvolutionMethod, storage: Storage, times: number): Recording {
  const rec = new Recording('nn/tiles');
  const shape = sampleShape(layer);
  const { channels } = layer;
  const sizes = { outputs: channels, inputs: channels, taps: window.extent };
  const [weightBytes, biasBytes] = packedBytes(sizes, storage, productsOf(method, storage));
  const input = { ...shape, buffer: rec.zeros('nn/tiles.activation', activationBytes(shape, storage)) };
  const filter = {
    ...window,
    outputs: channels,
    weights: rec.zeros('nn/tiles.weights', weightBytes),
    bias: rec.zeros('nn/tiles.bias', biasBytes),
  };
  const into = rec.buffer('nn/tiles.results', activationBytes(shape, storage));
  const some = partsOf(shape, shape, method.fill ?? 0);
  const parts = some.count > 1 ? { ...some, buffer: rec.buffer('nn/tiles.parts', partBytes(shape, some)) } : undefined;
  recordConvolution(rec, input, filter, into, { storage, method, relu: true, parts });
  rec.repeat(0, times - 1);
  return rec;
}

/**
 * Shortest time of a layer on zeros, milliseconds.
 * @param samples after a first run, which compiles and says how often a sample runs the layer
 */
export async function timeLayer(
  engine: Engine,
  layer: SampleLayer,
  method: ConvolutionMethod,
  storage: Storage,
  samples: number,
): Promise<number> {
  const first = await engine.measure(recordLayer(layer, method, storage, 1));
  const times = Math.max(1, Math.min(mostTimes, Math.ceil(leastSample / first)));
  let least = Number.POSITIVE_INFINITY;
  for (let k = 0; k < samples; k++)
    least = Math.min(least, (await engine.measure(recordLayer(layer, method, storage, times))) / times);
  return least;
}

/** By how much a tile must be faster than the default one to be taken: less is noise. */
const gain = 0.03;
/** Milliseconds after which a network shall not wait for more measurements. */
const patience = 500;

/**
 * The fastest tile for each class.
 * @param time milliseconds of a tile for a class
 * @param budget milliseconds after which no other tile is tried: what is left keeps the default one
 */
export async function chooseTiles(
  time: (name: LayerClass, tile: TileName) => Promise<number>,
  budget: number,
): Promise<TileChoice> {
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

const samples = 2;
const measured = new WeakMap<Engine, Map<Storage, Promise<ConvolutionMethod>>>();

async function measure(
  engine: Engine,
  storage: Storage,
  method: ConvolutionMethod,
  layers: typeof sampleLayers,
): Promise<ConvolutionMethod> {
  const every = Object.values(tiles).flatMap((tile) => [...kernelsOf({ ...method, ...tile })]);
  await engine.prepare(every, convolutionFlags(storage, productsOf(method, storage)));
  const choice = await chooseTiles(
    (name, tile) => timeLayer(engine, layers[name], { ...method, ...tiles[tile] }, storage, samples),
    patience,
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

/**
 * The method for an engine's adapter: what the table knows, with measured tiles on a GPU that it does not know.
 * @param method that of the adapter
 * @throws EngineError
 */
export async function methodOn(
  engine: Engine,
  storage: Storage,
  method: ConvolutionMethod = methodFor(engine.caps, storage),
): Promise<ConvolutionMethod> {
  return method === methods.gpu ? measuredMethod(engine, storage, method) : method;
}
