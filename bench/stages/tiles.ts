/** Tiles of nn/conv on this adapter: what a row of the table of tiles is made of. */
import type { Engine } from '../../src/engine/index.ts';
import type { Storage } from '../../src/pipeline/nn/activation.ts';
import { type ConvolutionMethod, methods } from '../../src/pipeline/nn/conv.ts';
import { type SampleLayer, sampleLayers, sampleShape, timeLayer } from '../../src/pipeline/nn/measure-tiles.ts';
import { partsOf } from '../../src/pipeline/nn/parts.ts';
import { layerClasses } from '../../src/pipeline/nn/tile-table.ts';
import { tiles } from '../../src/pipeline/nn/tiles.ts';
import type { Peaks } from '../peaks.ts';

export interface TileTimes {
  /** Voxels and channels of the layer, 3 x 3 x 3 taps. */
  readonly layer: string;
  /** Storage, and products where they are others. */
  readonly numbers: string;
  readonly tile: string;
  /** Shortest GPU time. */
  readonly milliseconds: number;
  /** All taps, 1e9 per second. */
  readonly gflopPerSecond: number;
}

/** Parts that are tried where the tiles of a layer are few: workgroups that they are to fill. */
const fills = [0, 64, 128, 256, 512];

/** Times every tile on the layer of each class, and the small layer in parts. The engine must have been made with `profile`. */
export async function benchTiles(
  engine: Engine,
  _peaks: Peaks,
  repeats: number,
  report: (line: string) => void,
): Promise<TileTimes[]> {
  if (!engine.caps.timestamps) report('tiles: no timestamp queries, times are those of the host');
  const rows: TileTimes[] = [];
  const numbers: { storage: Storage; products: Storage }[] = [{ storage: 'f32', products: 'f32' }];
  if (engine.caps.f16) for (const products of ['f32', 'f16'] as const) numbers.push({ storage: 'f16', products });
  for (const { storage, products } of numbers) {
    const time = async (layer: SampleLayer, tile: string, method: ConvolutionMethod) => {
      const { size, channels } = layer;
      const milliseconds = await timeLayer(engine, layer, method, storage, repeats);
      rows.push({
        layer: `${channels} -> ${channels}, ${size}^3`,
        numbers: products === storage ? storage : `${storage}, products ${products}`,
        tile,
        milliseconds,
        gflopPerSecond: (2 * 27 * channels ** 2 * size ** 3) / milliseconds / 1e6,
      });
    };
    for (const name of layerClasses)
      for (const [tile, sizes] of Object.entries(tiles))
        await time(sampleLayers[name], tile, { ...sizes, winograd: false, products });
    for (const fill of fills) {
      const shape = sampleShape(sampleLayers.small);
      const { count } = partsOf(shape, shape, fill);
      const method = { ...methods.tiled, products, fill };
      await time(sampleLayers.small, `fill ${fill}: ${count} parts`, method);
    }
  }
  return rows;
}
