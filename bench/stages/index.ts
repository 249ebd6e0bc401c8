/** The stages around feature extraction, each measured on images of its own. */
import type { Engine } from '../../src/engine/index.ts';
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

/** Measures a stage. The engine was made with `profile`. */
type BenchStage = (
  engine: Engine,
  peaks: Peaks,
  repeats: number,
  report: (line: string) => void,
) => Promise<readonly object[]>;

/** Every stage by name: its key in the JSON and the title of its table. */
export const stages: Readonly<Record<string, BenchStage>> = {
  normalise: benchNormalise,
  n4: benchN4,
  resample: benchResample,
  filter: benchFilter,
  map: benchMap,
  nn: benchNetwork,
  weights: benchWeights,
  batches: benchBatches,
  tiles: benchTiles,
};
