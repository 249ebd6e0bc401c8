/** Tiles of nn/conv on this adapter: what a row of the table of tiles is made of. */
import type { Engine } from '../../src/engine/index.ts';
import type { Storage } from '../../src/pipeline/nn/activation.ts';
import type { ConvolutionMethod } from '../../src/pipeline/nn/conv.ts';
import {
  chooseTiles,
  type SampleLayer,
  sampleLayers,
  sampleShape,
  timeLayer,
} from '../../src/pipeline/nn/measure-tiles.ts';
import { partsOf } from '../../src/pipeline/nn/parts.ts';
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

/** Workgroups to be filled by the parts of the small layer, one setting after another; 0: in one part. */
const fills = [0, 64, 128, 256, 512];

/**
 * Times every tile on the layer of each class, and the small layer in parts; reports the row of the table that the times
 * make.
 */
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
    const name = products === storage ? storage : `${storage}, products ${products}`;
    const time = async (layer: SampleLayer, tile: string, method: ConvolutionMethod) => {
      const { size, channels } = layer;
      const milliseconds = await timeLayer(engine, layer, method, storage, repeats);
      rows.push({
        layer: `${channels} -> ${channels}, ${size}^3`,
        numbers: name,
        tile,
        milliseconds,
        gflopPerSecond: (2 * 27 * channels ** 2 * size ** 3) / milliseconds / 1e6,
      });
      return milliseconds;
    };
    const choice = await chooseTiles(
      (name, tile) => time(sampleLayers[name], tile, { ...tiles[tile], winograd: false, products }),
      Number.POSITIVE_INFINITY,
    );
    report(`tiles: ${engine.caps.adapter}, ${name}: ${JSON.stringify(choice)}`);
    const shape = sampleShape(sampleLayers.small);
    for (const fill of fills) {
      const { count } = partsOf(shape, shape, fill);
      const method = { ...tiles[choice.small], winograd: false, products, fill };
      await time(sampleLayers.small, `${choice.small}, fill ${fill}: ${count} part(s)`, method);
    }
  }
  return rows;
}
