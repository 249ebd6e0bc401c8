/** From decoded files to the pipeline's images and masks. */
import { PipelineError } from '../../pipeline/errors.ts';
import type { Geometry, Mask, Volume, VoxelArray } from '../../pipeline/volume.ts';
import type { DecodedImage } from './decoded.ts';

function gridOf({ dimension, size, spacing, origin, direction }: Geometry): Geometry {
  return { dimension, size, spacing, origin, direction };
}

/**
 * A scalar image.
 * @throws PipelineError BadFile for images with several values per voxel
 */
export function toVolume(decoded: DecodedImage): Volume {
  const { data, components, pixelType } = decoded;
  if (components !== 1) {
    throw new PipelineError(
      'BadFile',
      `expected an image with 1 value per voxel, found ${components}; extract one channel (is this the mask?)`,
    );
  }
  const widened = pixelType === 'int64' || pixelType === 'uint64';
  const { decimal } = decoded;
  return { ...gridOf(decoded), data, ...(widened ? { widened } : {}), ...(decimal ? { decimal } : {}) };
}

/** One channel of an image whose components lie side by side. */
function channelOf(data: VoxelArray, components: number, channel: number): VoxelArray {
  const selected = new (data.constructor as new (length: number) => VoxelArray)(data.length / components);
  for (let i = 0, j = channel; i < selected.length; i++, j += components) selected[i] = data[j]!;
  return selected;
}

/** The same bytes as unsigned integers. */
function unsignedView(data: Int8Array | Int16Array | Int32Array): Uint8Array | Uint16Array | Uint32Array {
  if (data instanceof Int8Array) return new Uint8Array(data.buffer, data.byteOffset, data.length);
  if (data instanceof Int16Array) return new Uint16Array(data.buffer, data.byteOffset, data.length);
  return new Uint32Array(data.buffer, data.byteOffset, data.length);
}

/** The narrowest array that holds every value cast to uint32. */
function narrow(data: VoxelArray): Uint8Array | Uint16Array | Uint32Array {
  let all = 0;
  // Conversion to 32 bits truncates towards zero and wraps, as the cast of ITK does.
  for (let i = 0; i < data.length; i++) all |= data[i]!;
  const bits = all >>> 0;
  const array =
    bits < 256
      ? new Uint8Array(data.length)
      : bits < 65536
        ? new Uint16Array(data.length)
        : new Uint32Array(data.length);
  for (let i = 0; i < data.length; i++) array[i] = data[i]!;
  return array;
}

/** Labels as uint32 values; a view of the decoded data where its type holds them as they are. */
function toLabels(data: VoxelArray): Uint8Array | Uint16Array | Uint32Array {
  if (data instanceof Uint8Array || data instanceof Uint16Array) return data;
  if (data instanceof Int8Array || data instanceof Int16Array) {
    let all = 0;
    for (let i = 0; i < data.length; i++) all |= data[i]!;
    // No negative values: the bits are those of the unsigned type.
    if (all >= 0) return unsignedView(data);
  }
  return narrow(data);
}

/**
 * A label map, cast to uint32 as PyRadiomics does (imageoperations.py getMask): fractions are cut off, negative values
 * wrap, NaN is background.
 * @param labelChannel channel of a mask with several values per voxel (setting `label_channel`); ignored for scalar masks
 * @throws PipelineError BadSetting where the mask has no such channel
 */
export function toMask(decoded: DecodedImage, labelChannel = 0): Mask {
  const { data, components } = decoded;
  if (components > 1 && !(Number.isInteger(labelChannel) && labelChannel >= 0 && labelChannel < components)) {
    throw new PipelineError(
      'BadSetting',
      `label_channel ${labelChannel}: the mask has ${components} channels, 0 to ${components - 1}; choose one of them`,
    );
  }
  const values = components > 1 ? channelOf(data, components, labelChannel) : data;
  return { ...gridOf(decoded), data: toLabels(values) };
}
