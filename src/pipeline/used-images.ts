/** The images that features are computed on, brought back from the GPU for whoever asks for them. */
import { wholeBox } from './box.ts';
import { maskToDevice } from './device-mask.ts';
import { buffersOf, fromDevice } from './device-volume.ts';
import { deriveImages, type FilterSource, filterSource } from './filter/index.ts';
import type { ImageType } from './image-types.ts';
import type { PassSource } from './pass/prepare.ts';
import type { Region, View, ViewContext } from './view.ts';
import type { Mask, Volume } from './volume.ts';

/** An image that features are computed on. */
export interface UsedImage {
  /** PyRadiomics' name of it, the first part of the columns: `original`, `wavelet-LLH`, `log-sigma-2-0-mm-3D`. */
  readonly name: string;
  /**
   * The whole image after the preprocessing: as large as the input, the resampled grid, or what preCrop leaves. float32
   * and float64 as PyRadiomics has them (LoG and Gradient float32), `original` and `lbp-2D` in the type of the input.
   * `lbp-3D` is 0 outside the regions.
   */
  readonly image: Volume;
  /**
   * The region whose grid the image has (`label-1`, `label-1+2`), or whose turn it is where DICOM regions have voxels in common
   * (`region-1` in the order of the rows); null where it is the image of all regions.
   */
  readonly region: string | null;
}

/** The regions as a mask; other labels are not part of it. */
function maskOf({ mask }: View, regions: readonly Region[]): Mask {
  const labels = new Set(regions.flatMap(({ union }) => union));
  return { ...mask, data: Uint8Array.from(mask.data, (label: number) => Number(labels.has(label >>> 0))) };
}

/** Derives the images of a type from the whole source and gives them out one by one. */
async function giveType(
  source: FilterSource,
  type: ImageType,
  give: (name: string, image: Volume) => Promise<void>,
): Promise<void> {
  const { images } = await deriveImages(type, source);
  try {
    for (const made of images) await give(made.name, await fromDevice(source.engine, made.image));
  } finally {
    source.engine.release(...images.flatMap(({ image }) => buffersOf(image)));
  }
}

/**
 * Gives out the images of a view. They are derived once more, from the whole image and type after type: the features need the
 * box of the regions alone, where the values are the same.
 * @param untouched the input where no step changes it, which is then the original as it is
 * @throws PipelineError of the filters, `signal.reason` when cancelled, and what `onImage` throws
 */
export async function giveImages(
  { engine, types, signal, onProgress }: ViewContext,
  view: View,
  regions: readonly Region[],
  untouched: Volume | null,
  onImage: (name: string, image: Volume) => Promise<void> | void,
): Promise<void> {
  const { open, grid, first } = view.source as PassSource;
  const give = async (name: string, given: Volume) => {
    signal?.throwIfAborted();
    await onImage(name, given);
  };
  const { image, release } = await open(wholeBox(grid));
  const { inside, size } = await maskToDevice(engine, maskOf(view, regions)).catch((error: unknown) => {
    release();
    throw error;
  });
  const source = filterSource(engine, image, wholeBox(grid), { inside, size, first });
  try {
    for (const [done, type] of types.entries()) {
      onProgress?.({ stage: 'images', done, total: types.length });
      if (type.name === 'Original') await give('original', untouched ?? (await fromDevice(engine, image)));
      else await giveType(source, type, give);
    }
  } finally {
    await source.release();
    release();
    engine.release(inside);
  }
}
