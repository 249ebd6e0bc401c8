/** Feature maps: first-order and texture features of the neighbourhood of every voxel, as PyRadiomics' voxel-based mode. */
import { type BufferRef, type Download, type Engine, Recording, type Results } from '../../engine/index.ts';
import type { ClassSelection, FeatureClass, WantedFeatures } from '../classes.ts';
import { PipelineError } from '../errors.ts';
import { boxGrid } from '../filter/region.ts';
import { alignMask } from '../geometry.ts';
import { forcedAxis, type Neighbourhoods, neighbourhoods } from '../pass/layout.ts';
import type { ProgressEvent } from '../progress.ts';
import { findMaskLabels, type LabelUnion, labelUnions, resolveSelection, type Selection } from '../selection.ts';
import { parseSettings, type Settings, type SettingsInput } from '../settings.ts';
import { ngtdmNames } from '../texture/features/ngtdm.ts';
import type { Mask, Vec3, Volume } from '../volume.ts';
import { firstorderSlot, recordMapFirstorder, uploadIntensities } from './firstorder.ts';
import { glcmSlot, recordMapGlcm } from './glcm.ts';
import { maximalCorrelationAt, type MccInput } from './mcc.ts';
import { recordMapNgtdm } from './ngtdm.ts';
import { parseVoxelSettings, type VoxelSettingsInput, wantedMaps } from './options.ts';
import { type MapRegion, openRegion } from './region.ts';
import { recordMapSizes, sizeSlot } from './sizes.ts';
import { type Kernels, placesOf, type Tile } from './tile.ts';

export { mapClasses, parseMapFeatures, type VoxelSettingsInput, voxelSettingSchema } from './options.ts';

export interface FeatureMapOptions {
  /** Regions: label values, unions of them, or all labels of the mask. Default: the setting `label`. */
  readonly labels?: readonly (number | LabelUnion)[] | 'all';
  /** Feature classes, or features by class. Default: first order and all textures. */
  readonly features?: ClassSelection;
  readonly settings?: SettingsInput;
  /** PyRadiomics' voxelSetting: kernelRadius, maskedKernel, initValue. */
  readonly voxelSettings?: VoxelSettingsInput;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
}

/** The maps of one region. */
export interface RegionMaps {
  /** The region's labels, joined by `+`. */
  readonly label: string;
  /**
   * Float32 volumes by PyRadiomics' names (`original_glcm_Contrast`), on the box of the region grown by the radius as far as
   * the image goes. Voxels outside the region hold initValue; NaN where a neighbourhood does not define the feature.
   */
  readonly maps: ReadonlyMap<string, Volume>;
}

/** Bytes of the scratch memory of a tile, and its largest number of voxels. Smaller on the CPU, where a tile takes longer. */
const SCRATCH_BYTES = 2 ** 26;
const TILE = { software: 2 ** 13, hardware: 2 ** 17 } as const;

/** Words of scratch memory per place of a neighbourhood. */
const scratchWords: Readonly<Partial<Record<FeatureClass, number>>> = { glszm: 2, ngtdm: 3 };

/** What a class needs of the kernels: features by the place of their values. */
interface ClassPlan {
  readonly name: FeatureClass;
  readonly features: readonly string[];
  readonly slots: readonly number[];
}

const slotOf: Readonly<Partial<Record<FeatureClass, (name: string) => number>>> = {
  firstorder: firstorderSlot,
  glcm: glcmSlot,
  glrlm: sizeSlot,
  glszm: sizeSlot,
  gldm: sizeSlot,
  ngtdm: (name) => (ngtdmNames as readonly string[]).indexOf(name),
};

/** Deprecated features without a value are left out, MCC is made on the host; JointAverage needs the number of angles. */
function planClasses(wanted: WantedFeatures): ClassPlan[] {
  return [...wanted].map(([name, all]) => {
    const slot = slotOf[name]!;
    const features = all.filter((feature) => feature !== 'MCC' && slot(feature) >= 0);
    if (features.includes('JointAverage')) features.push('angles');
    return { name, features, slots: features.map(slot) };
  });
}

/** Everything that the tiles of a region share. */
interface MapRun {
  readonly settings: Settings;
  readonly around: Neighbourhoods;
  readonly kernels: Kernels;
  readonly plans: readonly ClassPlan[];
  readonly intensities: BufferRef | null;
  readonly voxelVolume: number;
}

interface TileDownloads {
  readonly values: readonly Download[];
  readonly seen: Download | null;
}

/** Records all wanted classes of a tile. */
function recordTile(rec: Recording, run: MapRun, tile: Tile): TileDownloads {
  const { kernels, settings, around } = run;
  let seen: Download | null = null;
  const values = run.plans
    .filter(({ slots }) => slots.length > 0)
    .map(({ name, slots }) => {
      switch (name) {
        case 'firstorder': {
          const options = { voxelArrayShift: settings.voxelArrayShift, voxelVolume: run.voxelVolume };
          return rec.download(recordMapFirstorder(rec, kernels, tile, run.intensities!, options, slots));
        }
        case 'glcm': {
          const glcm = recordMapGlcm(rec, kernels, tile, around.pairs, settings.symmetricalGLCM, slots);
          seen = rec.download(glcm.seen);
          return rec.download(glcm.values);
        }
        case 'ngtdm':
          return rec.download(recordMapNgtdm(rec, kernels, tile, around.around, slots));
        case 'gldm':
          return rec.download(recordMapSizes(rec, name, kernels, tile, around.around, slots, settings.gldm_a));
        default:
          return rec.download(recordMapSizes(rec, name as 'glrlm' | 'glszm', kernels, tile, around.unit, slots));
      }
    });
  return { values, seen };
}

/** The maps of one region while they are being filled. */
class Maps {
  readonly #data = new Map<string, Float32Array>();
  /** Offsets with a pair in any neighbourhood. */
  readonly #seen = new Set<number>();

  constructor(
    private readonly run: MapRun,
    private readonly region: MapRegion,
    private readonly initValue: number,
  ) {}

  of(name: string): Float32Array {
    const { size } = this.region.box;
    const data = this.#data.get(name) ?? new Float32Array(size[0] * size[1] * size[2]).fill(this.initValue);
    this.#data.set(name, data);
    return data;
  }

  addTile({ first, length }: Tile, downloads: TileDownloads, results: Results): void {
    const plans = this.run.plans.filter(({ slots }) => slots.length > 0);
    plans.forEach(({ name, features }, c) => {
      const words = results.u32(downloads.values[c]!);
      const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
      features.forEach((feature, f) => {
        const data = this.of(`${name}_${feature}`);
        for (let k = 0; k < length; k++) data[this.region.places[first + k]!] = floats[f * length + k]!;
      });
    });
    if (!downloads.seen) return;
    for (const [angle, seen] of results.u32(downloads.seen).entries()) if (seen === 1) this.#seen.add(angle);
  }

  /**
   * PyRadiomics takes the mean of JointAverage over all angles that any voxel has, without leaving NaN out: it is NaN where
   * the neighbourhood lacks one of them.
   */
  finishJointAverage(): void {
    const angles = this.#data.get('glcm_angles');
    if (!angles) return;
    this.#data.delete('glcm_angles');
    const data = this.of('glcm_JointAverage');
    for (const place of this.region.places) if (angles[place]! < this.#seen.size) data[place] = Number.NaN;
  }

  get names(): Iterable<string> {
    return this.#data.keys();
  }
}

/** Tiles of the region in its order. */
function* tilesOf(voxels: number, stride: number, scratch: BufferRef): Iterable<Tile> {
  for (let first = 0; first < voxels; first += stride)
    yield { first, length: Math.min(stride, voxels - first), stride, scratch };
}

/** Fills the maps tile by tile; the GPU has the next tile before the host has read the last. */
async function runTiles(
  engine: Engine,
  run: MapRun,
  region: MapRegion,
  maps: Maps,
  mcc: Omit<MccInput, 'levels' | 'greyLevels'> | null,
  { signal, onProgress }: FeatureMapOptions,
): Promise<void> {
  const voxels = region.indices.length;
  const words = placesOf(run.kernels.radius) * Math.max(...run.plans.map(({ name }) => scratchWords[name] ?? 1));
  const room = Math.floor(Math.min(SCRATCH_BYTES, engine.caps.limits.maxStorageBufferBindingSize) / (4 * words));
  const stride = Math.min(voxels, room, engine.caps.software ? TILE.software : TILE.hardware);
  const rec = region.levels;
  const scratch = rec.keep(rec.buffer('map/tile.scratch', stride * words * 4));
  const levels = mcc && rec.download(region.cells);
  let input: MccInput | null = null;
  const finish = async (tile: Tile, downloads: TileDownloads, pending: Promise<Results>) => {
    const results = await pending;
    maps.addTile(tile, downloads, results);
    if (mcc && levels && !input) {
      const found = results.u32(levels).map((cell) => cell & 0xffff);
      input = { ...mcc, levels: found, greyLevels: new Set(found).size - Number(found.includes(0)) };
    }
    if (input) {
      const data = maps.of('glcm_MCC');
      for (let k = tile.first; k < tile.first + tile.length; k++)
        data[region.places[k]!] = maximalCorrelationAt(input, region.indices[k]!);
    }
    onProgress?.({ stage: 'map', done: tile.first + tile.length, total: voxels });
  };
  let last: Promise<void> = Promise.resolve();
  try {
    for (const tile of tilesOf(voxels, stride, scratch)) {
      signal?.throwIfAborted();
      const next = tile.first === 0 ? rec : new Recording('map/tile');
      const downloads = recordTile(next, run, tile);
      const pending = engine.execute(next);
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
}

/** The maps of one region. */
async function mapRegion(
  engine: Engine,
  image: Volume,
  region: MapRegion,
  settings: Settings,
  wanted: WantedFeatures,
  { kernelRadius, initValue }: { readonly kernelRadius: number; readonly initValue: number },
  options: FeatureMapOptions,
): Promise<ReadonlyMap<string, Volume>> {
  const around = neighbourhoods({ settings, image });
  const flat = forcedAxis({ settings, image });
  const radius = [2, 1, 0].map((axis) => (axis === flat ? 0 : kernelRadius)) as unknown as Vec3;
  if (image.dimension === 2) (radius as unknown as number[])[2] = 0;
  const { box, cells, targets, top, levels } = region;
  const held: BufferRef[] = [];
  const intensities = wanted.has('firstorder') ? levels.keep(uploadIntensities(levels, image, box)) : null;
  if (intensities) held.push(intensities);
  const run: MapRun = {
    settings,
    around,
    kernels: { box, radius, cells, targets, top },
    plans: planClasses(wanted),
    intensities,
    voxelVolume: image.spacing.slice(0, image.dimension).reduce((product, s) => product * s, 1),
  };
  const maps = new Maps(run, region, initValue);
  const mcc = wanted.get('glcm')?.includes('MCC')
    ? { box, radius, offsets: around.pairs, symmetrical: settings.symmetricalGLCM }
    : null;
  try {
    await runTiles(engine, run, region, maps, mcc, options);
  } finally {
    engine.release(...held);
  }
  maps.finishJointAverage();
  const grid = boxGrid(image, box.box);
  const made = new Set(maps.names);
  const ordered = [...wanted].flatMap(([name, features]) => features.map((f) => `${name}_${f}`));
  return new Map(
    ordered.filter((name) => made.has(name)).map((name) => [`original_${name}`, { ...grid, data: maps.of(name) }]),
  );
}

/**
 * Computes feature maps as PyRadiomics' voxel-based mode does: each voxel of a region gets the features of its
 * neighbourhood, the box of kernelRadius around it. Grey levels are those of the region (of the whole box where the kernel
 * is not masked). Kernels compute in float32 from integer counts: 1e-5 of the value, or of the scale of the feature where
 * it is a difference of large numbers.
 *
 * Different from PyRadiomics by choice: MCC averages the angles that a neighbourhood has, where PyRadiomics fails for all
 * voxels of a batch if one of them lacks an angle; Busyness is 0 where its divisor is 0, where rounding decides in
 * PyRadiomics; voxelBatch has no effect.
 * @param image scalar image
 * @param mask label map on the image's grid (or resampled to it with the setting correctMask)
 * @returns the maps of each region, in the order of `labels`
 * @throws PipelineError on bad input or a setting that maps do not know; EngineError from the GPU; `signal.reason` when
 * cancelled
 */
export async function featureMaps(
  engine: Engine,
  image: Volume,
  mask: Mask,
  options: FeatureMapOptions = {},
): Promise<RegionMaps[]> {
  const { signal } = options;
  signal?.throwIfAborted();
  const settings = parseSettings(options.settings);
  const voxelSettings = parseVoxelSettings(options.voxelSettings);
  const wanted = wantedMaps(options.features, settings);
  const aligned = await alignMask(engine, image, mask, settings, options.labels);
  const labels = await findMaskLabels(engine, aligned);
  if (labels.found.length === 0)
    throw new PipelineError(
      'EmptyMask',
      'the mask has no voxel above 0, nothing is segmented; check that it is the right file',
    );
  const selections = labelUnions(labels, options.labels, settings.label).map(
    (union): Selection => resolveSelection(union, labels),
  );
  const results: RegionMaps[] = [];
  for (const selection of selections) {
    signal?.throwIfAborted();
    const region = await openRegion(engine, image, labels.packed, selection, settings, voxelSettings);
    try {
      const maps = await mapRegion(engine, image, region, settings, wanted, voxelSettings, options);
      results.push({ label: selection.name, maps });
    } finally {
      engine.release(...region.buffers);
    }
  }
  return results;
}
