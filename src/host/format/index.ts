/** Reading of image files: NIfTI, NRRD and MetaImage from bytes, in browsers and in Node. */
import { badFile, type DecodedImage, type DecodeOptions, inflateOf } from './decoded.ts';
import { decodeMetaImage, isMetaImage } from './meta-image.ts';
import { decodeNifti } from './nifti.ts';
import { isNifti } from './nifti-header.ts';
import { decodeNrrd, isNrrd } from './nrrd.ts';

export { toMask, toVolume } from './convert.ts';
export type { Compression, DecodedImage, DecodeOptions, Inflate, OtherReader, PixelType } from './decoded.ts';
export { itkWasmReader } from './itk-wasm.ts';

/** Endings of the files that can be read. */
export const imageExtensions = ['.nii', '.nii.gz', '.hdr', '.nrrd', '.nhdr', '.mha', '.mhd'] as const;

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** The built-in decoders: by content, not by name. Null where ITK has to read the file. */
async function decodeBuiltIn(bytes: Uint8Array, name: string, options: DecodeOptions): Promise<DecodedImage | null> {
  const content = isGzip(bytes) ? await inflateOf(bytes, 'gzip', name, options) : bytes;
  if (isNifti(content)) return decodeNifti(content, name);
  if (isNrrd(content)) return decodeNrrd(content, name, options);
  if (isMetaImage(content)) return decodeMetaImage(content, name, options);
  return null;
}

/**
 * Decodes an image file.
 *
 * Geometry and values are those of ITK 5.4 (SimpleITK 2.4): RAS files are turned into the LPS frame, scaled NIfTI
 * voxels are float32 (float64 where stored so), 64-bit integers become float64. NIfTI, attached raw or gzip NRRD and attached binary MetaImage
 * are decoded here; anything else by `options.readOther`.
 * @param bytes the whole file; the result may be a view of it
 * @param name file name, for messages
 * @throws PipelineError BadFile saying what was expected, what was found and what to do
 */
export async function decodeImage(bytes: Uint8Array, name: string, options: DecodeOptions = {}): Promise<DecodedImage> {
  if (bytes.length === 0) throw badFile(name, 'expected an image, found an empty file; copy or export it again');
  const decoded = await decodeBuiltIn(bytes, name, options);
  if (decoded) return decoded;
  if (options.readOther) return options.readOther(bytes, name);
  throw badFile(
    name,
    `expected NIfTI, NRRD or MetaImage with attached data (${imageExtensions.join(', ')}), found something else; convert the file`,
  );
}
