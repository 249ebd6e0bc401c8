/** The maps of a region, filled tile by tile. */
import { type BufferRef, type Download, type Engine, Recording, type Results } from '../../engine/index.ts';
import type { ProgressEvent } from '../progress.ts';
import { ANGLES, type MapPlan } from './plan.ts';
import type { MapRegion } from './region.ts';
import type { Tile } from './tile.ts';

/** Bytes of the scratch memory of a tile, and its largest number of voxels. Smaller on the CPU, where a tile takes longer. */
const SCRATCH_BYTES = 2 ** 26;
const TILE = { software: 2 ** 13, hardware: 2 ** 17 } as const;

/** What a caller hears and says while tiles are computed. */
export interface TileOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
}

interface TileDownloads {
  readonly values: readonly Download[];
  readonly seen: readonly Download[];
}

function recordTile(rec: Recording, plans: readonly MapPlan[], tile: Tile): TileDownloads {
  const recorded = plans.map((plan) => plan.record(rec, tile));
  return {
    values: recorded.map(({ values }) => rec.download(values)),
    seen: recorded.flatMap(({ seen }) => (seen ? [rec.download(seen)] : [])),
  };
}

/** Volumes on the box of the region by name; what lies outside the region holds the initial value. */
class Maps {
  readonly #data: Map<string, Float32Array>;
  readonly #region: MapRegion;
  /** Offsets with a pair in any neighbourhood. */
  readonly #seen = new Set<number>();

  constructor(region: MapRegion, plans: readonly MapPlan[], initValue: number) {
    const [nx, ny, nz] = region.box.size;
    const names = plans.flatMap((plan) => plan.names);
    this.#region = region;
    this.#data = new Map(names.map((name) => [name, new Float32Array(nx * ny * nz).fill(initValue)]));
  }

  add({ first, length }: Tile, plans: readonly MapPlan[], downloads: TileDownloads, results: Results): void {
    const { places } = this.#region;
    for (const [p, { names }] of plans.entries()) {
      const words = results.u32(downloads.values[p]!);
      const values = new Float32Array(words.buffer, words.byteOffset, words.length);
      for (const [f, name] of names.entries()) {
        const map = this.#data.get(name)!;
        for (let k = 0; k < length; k++) map[places[first + k]!] = values[f * length + k]!;
      }
    }
    for (const download of downloads.seen)
      for (const [offset, seen] of results.u32(download).entries()) if (seen === 1) this.#seen.add(offset);
  }

  /** The finished maps. @param greyLevels number of grey levels of the region */
  finish(greyLevels: number): ReadonlyMap<string, Float32Array> {
    // Of a region of one level PyRadiomics knows no second eigenvalue.
    const mcc = this.#data.get('glcm_MCC');
    if (mcc && greyLevels < 2) for (const place of this.#region.places) mcc[place] = 1;
    const angles = this.#data.get(ANGLES);
    if (angles) this.#finishJointAverage(angles);
    this.#data.delete(ANGLES);
    return this.#data;
  }

  /**
   * PyRadiomics takes the mean of JointAverage over all angles that any voxel has, without leaving NaN out: it is NaN where
   * the neighbourhood lacks one of them.
   */
  #finishJointAverage(angles: Float32Array): void {
    const map = this.#data.get('glcm_JointAverage')!;
    for (const place of this.#region.places) {
      // No angle at all is NaN already.
      if (angles[place]! < this.#seen.size) map[place] = Number.NaN;
    }
  }
}

/** Tiles of the region in its order. */
function* tilesOf(voxels: number, stride: number, scratch: BufferRef): Iterable<Tile> {
  for (let first = 0; first < voxels; first += stride)
    yield { first, length: Math.min(stride, voxels - first), stride, scratch };
}

/**
 * Fills the maps of a region, after its recorded discretisation; the GPU has the next tile before the host has read the last.
 * @throws `signal.reason` between tiles when cancelled
 */
export async function runTiles(
  engine: Engine,
  region: MapRegion,
  plans: readonly MapPlan[],
  initValue: number,
  { signal, onProgress }: TileOptions,
): Promise<ReadonlyMap<string, Float32Array>> {
  const voxels = region.places.length;
  const maps = new Maps(region, plans, initValue);
  const words = Math.max(1, ...plans.map((plan) => plan.words));
  const room = Math.floor(Math.min(SCRATCH_BYTES, engine.caps.limits.maxStorageBufferBindingSize) / (4 * words));
  const stride = Math.min(voxels, room, engine.caps.software ? TILE.software : TILE.hardware);
  const { recording, histogram } = region;
  const scratch = recording.keep(recording.buffer('map/tile.scratch', stride * words * 4));
  const found = recording.download(histogram);
  let greyLevels = 0;
  const finish = async (tile: Tile, downloads: TileDownloads, pending: Promise<Results>) => {
    const results = await pending;
    if (tile.first === 0) greyLevels = results.u32(found).reduce((n, count) => n + Number(count > 0), 0);
    maps.add(tile, plans, downloads, results);
    onProgress?.({ stage: 'map', done: tile.first + tile.length, total: voxels });
  };
  let last: Promise<void> = Promise.resolve();
  try {
    for (const tile of tilesOf(voxels, stride, scratch)) {
      signal?.throwIfAborted();
      const rec = tile.first === 0 ? recording : new Recording('map/tile');
      const downloads = recordTile(rec, plans, tile);
      const pending = engine.execute(rec);
      // Where the last tile fails, this one is not waited for.
      pending.catch(() => undefined);
      await last;
      last = finish(tile, downloads, pending);
      last.catch(() => undefined);
    }
    await last;
  } finally {
    await last.catch(() => undefined);
    engine.release(scratch);
  }
  return maps.finish(greyLevels);
}
