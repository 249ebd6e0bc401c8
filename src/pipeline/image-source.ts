/** The image of an extraction on the GPU: what is brought there, once for all that reads it. */
import type { Engine } from '../engine/index.ts';
import { type Box, boxSize, boxUnion, grownBox } from './box.ts';
import type { WantedFeatures } from './classes.ts';
import { buffersOf, type PartialVolume, partToDevice, toDevice, voxelCount } from './device-volume.ts';
import { supportOf } from './filter/index.ts';
import type { ImageType } from './image-types.ts';
import { deviceIntensities, hostIntensities, type Intensities, partIntensities } from './intensities.ts';
import { cropBox, type InputSettings } from './nn/input.ts';
import { isExactOnDevice } from './partial-volume.ts';
import { passNeeds } from './pass/needs.ts';
import { correctImage, hasSteps, type PreprocessSteps, type StepContext } from './preprocess.ts';
import type { MaskLabels } from './selection.ts';
import type { Region } from './view.ts';
import type { Geometry, Vec3, Volume } from './volume.ts';

/** The box of the regions that are in a mask; null where none is. */
export function boxOfRegions({ found, packed }: MaskLabels, regions: readonly Region[]): Box | null {
  const asked = new Set(regions.flatMap(({ union }) => union));
  const boxes = found.filter(({ index }) => asked.has(packed.valueOf(index))).map(({ box }) => box);
  return boxes.length > 0 ? boxes.reduce(boxUnion) : null;
}

/** The voxels that a network and the other features of regions read. @param types derived images */
export function sharedBox(
  image: Geometry,
  regions: Box | null,
  input: InputSettings,
  types: readonly ImageType[],
  wanted: WantedFeatures,
): Box | null {
  if (!regions) return null;
  const around = image.spacing.map((s) => Math.floor(passNeeds(wanted).reach / s)) as unknown as Vec3;
  return boxUnion(supportOf(types, image, grownBox(regions, around, image)), cropBox(image, regions, input));
}

/** An image as views are made of it. */
export interface ImageSource {
  /** What is on the GPU, after the steps that keep the grid; null where nothing is. */
  readonly device: PartialVolume | null;
  readonly intensities: Intensities;
  release(): void;
}

export interface SourceOptions extends StepContext {
  /** What has to be on the GPU: all of the image where there are steps. Null where whoever reads it takes what it needs. */
  readonly box: Box | null;
  /** Whether intensities are taken of what is on the GPU, rather than uploaded once more, where they are exact there. */
  readonly forKeys: boolean;
}

/** Brings an image to the GPU and corrects it. */
export async function openSource(
  engine: Engine,
  image: Volume,
  steps: PreprocessSteps,
  { box, forKeys, ...context }: SourceOptions,
): Promise<ImageSource> {
  const inMemory = hostIntensities(image);
  if (!box) return { device: null, intensities: inMemory, release: () => undefined };
  const all = voxelCount(image) === voxelCount({ size: boxSize(box) });
  const uploaded = await (all ? toDevice(engine, image, { exact: true }) : partToDevice(engine, image, box));
  try {
    const corrected = await correctImage(engine, uploaded, steps, { ...context, exact: true });
    const device = { ...uploaded, ...corrected.image };
    const unchanged = forKeys && isExactOnDevice(image, box) ? partIntensities(image, device) : inMemory;
    return {
      device,
      intensities: hasSteps(steps) ? deviceIntensities(device) : unchanged,
      release: () => engine.release(...buffersOf(uploaded), ...buffersOf(device)),
    };
  } catch (error) {
    engine.release(...buffersOf(uploaded));
    throw error;
  }
}
