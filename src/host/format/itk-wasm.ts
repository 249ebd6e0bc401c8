/** Images as itk-wasm hands them over, and its reader in browsers. */
import type { VoxelArray } from '../../pipeline/volume.ts';
import { badFile, type DecodedImage, type OtherReader, type PixelType } from './decoded.ts';
import { gridGeometry } from './grid.ts';
import { widenBig } from './voxels.ts';

/** The part of itk-wasm's `Image` that matters here. */
export interface ItkImage {
  readonly imageType: { readonly dimension: number; readonly componentType: string; readonly components: number };
  readonly size: ArrayLike<number>;
  readonly spacing: ArrayLike<number>;
  readonly origin: ArrayLike<number>;
  /** Row-major; its columns are the axes. */
  readonly direction: ArrayLike<number>;
  readonly data: unknown;
}

/**
 * Converts an image of itk-wasm.
 * @throws PipelineError BadFile
 */
export function fromItkImage(image: ItkImage, name: string): DecodedImage {
  const { dimension, componentType, components } = image.imageType;
  const direction = Array.from(image.direction);
  const geometry = gridGeometry(
    {
      size: Array.from(image.size),
      spacing: Array.from(image.spacing),
      origin: Array.from(image.origin),
      axes: Array.from({ length: dimension }, (_, axis) =>
        Array.from({ length: dimension }, (_, row) => direction[row * dimension + axis]!),
      ),
    },
    name,
  );
  const { data } = image;
  if (!ArrayBuffer.isView(data)) throw badFile(name, 'expected voxels, found none; export the file again');
  const values =
    data instanceof BigInt64Array || data instanceof BigUint64Array ? widenBig(data) : (data as VoxelArray);
  return { ...geometry, data: values, components, pixelType: componentType as PixelType };
}

/** itk-wasm rejects with numbers, or with errors that name the whole path: they go into the cause only. */
export function itkFailure(name: string, error: unknown): Error {
  return badFile(
    name,
    'expected a NIfTI, NRRD or MetaImage file, but ITK cannot read it; the file or its data file is damaged or missing, convert or export it again',
    error,
  );
}

/**
 * The reader of rare encodings in browsers.
 * @param pipelinesBaseUrl folder with itk-wasm's compiled readers, on the page's own server: nothing is fetched from elsewhere
 */
export function itkWasmReader(pipelinesBaseUrl: string): OtherReader {
  return async (bytes, name) => {
    const { readImage, setPipelinesBaseUrl } = await import('@itk-wasm/image-io');
    setPipelinesBaseUrl(pipelinesBaseUrl);
    try {
      const file = new File([bytes as Uint8Array<ArrayBuffer>], name);
      const { image } = await readImage(file, { webWorker: false });
      return fromItkImage(image as ItkImage, name);
    } catch (error) {
      throw itkFailure(name, error);
    }
  };
}
