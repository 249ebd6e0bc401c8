/** Images and masks as the pipeline sees them: voxels in x-fastest order plus a physical grid. */

/** Voxel storage. Index of voxel (x, y, z) is `x + size[0] * (y + size[1] * z)`. */
export type VoxelArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

export type Vec3 = readonly [number, number, number];

/** Physical grid in the LPS frame (millimetres), as ITK defines it. A 2D image has size z = 1 and `dimension` 2. */
export interface Geometry {
  /** 2 or 3: the dimensionality of the file, not of the array. */
  readonly dimension: 2 | 3;
  /** Voxels along x, y, z. */
  readonly size: Vec3;
  /** Millimetres between voxel centres along x, y, z; positive. */
  readonly spacing: Vec3;
  /** Physical position of the centre of voxel (0, 0, 0). */
  readonly origin: Vec3;
  /** Row-major 3 x 3 matrix whose columns are the physical directions of the x, y and z axes. */
  readonly direction: readonly number[];
}

/** The grid of an image. */
export interface ImageGrid extends Geometry {
  /** True for DICOM, whose positions have more digits than those of masks in files of single precision. */
  readonly decimal?: boolean;
}

/** A scalar image. */
export interface Volume extends ImageGrid {
  readonly data: VoxelArray;
  /**
   * True when the file holds 64-bit integers or scaled integers that were widened to `data`'s type;
   * such data is exact in `data` as far as float64 goes.
   */
  readonly widened?: boolean;
}

/** A label map; values are cast to uint32 as PyRadiomics does. Vector masks have been reduced to one channel. */
export interface Mask extends Geometry {
  readonly data: VoxelArray;
  /** Names of labels where the file tells them (DICOM), in its order; then these are its regions. */
  readonly names?: ReadonlyMap<number, string>;
}
