/** What the readers of image files return, and what they need from their host. */
import { PipelineError } from '../../pipeline/errors.ts';
import type { ImageGrid, VoxelArray } from '../../pipeline/volume.ts';

/** ITK's component types, as SimpleITK reports them. */
export type PixelType =
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'float32'
  | 'float64';

/** An image file in memory: the grid and the values that ITK gives for it. */
export interface DecodedImage extends ImageGrid {
  /** Values in x-fastest order; the components of a voxel lie side by side. */
  readonly data: VoxelArray;
  /** Values per voxel: 1 for scalar images. */
  readonly components: number;
  /** The component type ITK reads the file as; 64-bit integers lie in `data` as float64. */
  readonly pixelType: PixelType;
}

export type Compression = 'gzip' | 'zlib';

/** Decompresses a whole stream; rejects on damaged or truncated data. */
export type Inflate = (bytes: Uint8Array, format: Compression) => Uint8Array | Promise<Uint8Array>;

/** Reads what the built-in decoders leave to ITK. */
export type OtherReader = (bytes: Uint8Array, name: string) => Promise<DecodedImage>;

export interface DecodeOptions {
  /** Default: the platform's DecompressionStream. */
  readonly inflate?: Inflate;
  /** Reader of rare encodings, such as `itkWasmReader` in browsers. Without it they are refused. */
  readonly readOther?: OtherReader;
}

/** A file that cannot be read; `name` is shown without its folders. */
export function badFile(name: string, message: string, cause?: unknown): PipelineError {
  return new PipelineError('BadFile', `${baseName(name)}: ${message}`, cause === undefined ? undefined : { cause });
}

/** The last part of a path of either kind of separator. */
export const baseName = (path: string): string => path.split(/[\\/]/).at(-1) as string;

/** Decompression by the platform's DecompressionStream (browsers, Node). */
export async function inflateStream(bytes: Uint8Array, format: Compression): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  const inflated = stream.pipeThrough(new DecompressionStream(format === 'gzip' ? 'gzip' : 'deflate'));
  return new Uint8Array(await new Response(inflated).arrayBuffer());
}

/**
 * Decompresses the data of a file.
 * @throws PipelineError BadFile where the stream is damaged
 */
export async function inflateOf(
  bytes: Uint8Array,
  format: Compression,
  name: string,
  { inflate = inflateStream }: DecodeOptions,
): Promise<Uint8Array> {
  try {
    return await inflate(bytes, format);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw badFile(
      name,
      `expected a complete ${format} stream, found damaged or truncated data (${found}); copy or download the file again`,
      error,
    );
  }
}
