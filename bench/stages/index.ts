/** The stages around feature extraction, each measured on images of its own. */
import type { Engine } from '../../src/engine/index.ts';
import type { Variant } from '../../src/pipeline/nn/manifest.ts';
import type { Peaks } from '../peaks.ts';
import { benchBatches } from './batches.ts';
import { benchFilter } from './filter.ts';
import { benchMap } from './map.ts';
import { benchN4 } from './n4.ts';
import { benchNetwork } from './nn.ts';
import { benchNormalise } from './normalise.ts';
import { benchResample } from './resample.ts';
import { benchWeights } from './weights.ts';
import { benchTiles } from './tiles.ts';

/** What only some stages take. */
export interface StageOptions {
  /** As in `voxomics extract`, for stages that make an engine of their own. */
  readonly adapter?: string;
  /** Sizes of the volumes of networks, as in 48x96x96 (depth x height x width). */
  readonly sizes?: readonly string[];
  /** Folder of the peers, one folder each. */
  readonly peers: string;
  /** Networks. */
  readonly variants?: readonly Variant[];
}

/** Measures a stage. The engine was made with `profile`. */
type BenchStage = (
  engine: Engine,
  peaks: Peaks,
  repeats: number,
  report: (line: string) => void,
  options: StageOptions,
) => Promise<readonly object[]>;

/** Every stage by name: its key in the JSON and the title of its table. */
export const stages: Readonly<Record<string, BenchStage>> = {
  normalise: benchNormalise,
  n4: benchN4,
  resample: benchResample,
  filter: benchFilter,
  map: (engine, peaks, repeats, report) => benchMap(engine, peaks, repeats, report),
  nn: benchNetwork,
  weights: benchWeights,
  batches: benchBatches,
  tiles: benchTiles,
};
