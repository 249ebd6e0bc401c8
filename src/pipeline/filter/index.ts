/** Image filters: the registry of the image types that are derived from an image. */
import type { Engine } from '../../engine/index.ts';
import type { Box } from '../box.ts';
import type { DeviceVolume } from '../device-volume.ts';
import type { ImageTypeName } from '../image-types.ts';
import type { Settings } from '../settings.ts';
import type { Vec3 } from '../volume.ts';

/** What a filter works on. */
export interface FilterInput {
  readonly engine: Engine;
  /** Stays its owner's. */
  readonly image: DeviceVolume;
  /** Voxels whose values are wanted; a filter may give more. */
  readonly box: Box;
  readonly settings: Settings;
}

/** A filtered image. */
export interface DerivedImage {
  /** PyRadiomics' name, e.g. `wavelet-LLH`. */
  readonly name: string;
  /** The whole image or the part that was wanted; the caller releases it. */
  readonly image: DeviceVolume;
  /** Voxel of the input that `image` begins with. */
  readonly first: Vec3;
}

export type Filter = (input: FilterInput) => Promise<readonly DerivedImage[]>;

/** The filter of each image type: a new one goes here. */
const filters: Readonly<Record<Exclude<ImageTypeName, 'Original'>, Filter>> = {};

/**
 * Derives the images of a type.
 * @returns PyRadiomics' images in its order, kept; none where it makes none (LoG without sigma)
 * @throws PipelineError of the filter
 */
export const deriveImages = (name: ImageTypeName, input: FilterInput): Promise<readonly DerivedImage[]> =>
  name === 'Original' ? Promise.resolve([]) : filters[name](input);
