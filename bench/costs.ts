import { matrixKernels } from '../src/pipeline/nn/conv-matrix.ts';
import { tiles } from '../src/pipeline/nn/tiles.ts';

/** Sizes that N4 works on; absent in cases without it. */
export interface N4Work {
  /** Voxels of the whole image. */
  readonly imageVoxels?: number;
  /** Samples of the shrunk grid. */
  readonly samples?: number;
  /** Control points of the last level, and those along y times the samples of a face across y. */
  readonly controlPoints?: number;
  readonly controls?: number;
}

/** Sizes that resampling works on; absent in cases without it. */
export interface ResampleWork {
  /** Voxels of the new grid; of the image: `imageVoxels`. */
  readonly gridVoxels?: number;
  /** Samples that count along an axis. */
  readonly taps?: number;
}

/** Sizes that a layer of a network works on; absent in cases without it. */
export interface NetworkWork {
  /** Values read, written, and of the filter. */
  readonly inputs?: number;
  readonly outputs?: number;
  readonly weights?: number;
  /** Products of taps inside the image. */
  readonly products?: number;
}

/**
 * What each kernel has to do at least, per run: bytes that must be read or written once (an atomic counts 8) and integer
 * operations. One line per kernel; a test holds this table against the kernels there are.
 */
export interface Work extends N4Work, ResampleWork, NetworkWork {
  /** Voxels inside a region. */
  readonly voxels: number;
  /** Cells of the padded box; for stages before the region is known, voxels of the image. */
  readonly cells: number;
  /** Neighbour offsets: one half, and all. */
  readonly half: number;
  readonly all: number;
}

interface Cost {
  readonly bytes: (w: Work) => number;
  readonly operations: (w: Work) => number;
}

/** Entry of the list and cell of the voxel. */
const ENTRY = 8;
const ATOMIC = 8;
const perVoxel = (bytes: number, operations: number): Cost => ({
  bytes: ({ voxels }) => voxels * bytes,
  operations: ({ voxels }) => voxels * operations,
});

const perImageVoxel = (bytes: number, operations: number): Cost => ({
  bytes: ({ imageVoxels = 0 }) => imageVoxels * bytes,
  operations: ({ imageVoxels = 0 }) => imageVoxels * operations,
});
const perSample = (bytes: number, operations: number): Cost => ({
  bytes: ({ samples = 0 }) => samples * bytes,
  operations: ({ samples = 0 }) => samples * operations,
});

/** The image is read and the grid written once, whatever the number of passes. @param operations per new voxel */
const perGridVoxel = (operations: (taps: number) => number): Cost => ({
  bytes: ({ imageVoxels = 0, gridVoxels = 0 }) => 4 * (imageVoxels + gridVoxels),
  operations: ({ gridVoxels = 0, taps = 0 }) => gridVoxels * operations(taps),
});

const perProduct: Cost = {
  bytes: ({ inputs = 0, outputs = 0, weights = 0 }) => 4 * (inputs + outputs + weights),
  operations: ({ products = 0 }) => 2 * products,
};
/** @param operations per value read */
const perValue = (operations: number): Cost => ({
  bytes: ({ inputs = 0, outputs = 0 }) => 4 * (inputs + outputs),
  operations: ({ inputs = 0 }) => operations * inputs,
});

export const costs: Readonly<Record<string, Cost>> = {
  'roi/compact': { bytes: (w) => 5 * w.cells + 4 * w.voxels, operations: (w) => 6 * w.cells },
  'roi/encode': perVoxel(4 + 8, 30),
  'roi/extent': perVoxel(ENTRY, 40),
  'roi/range': perVoxel(ENTRY + 4, 8),
  'roi/resegment': perVoxel(ENTRY + 8, 12),
  'roi/clip': perVoxel(ENTRY + 4, 20),
  'discretise/levels': perVoxel(ENTRY + 8 + ATOMIC, 50),
  'discretise/rank': perVoxel(ENTRY + 8, 6),
  'firstorder/histogram': perVoxel(ENTRY + 4 + ATOMIC, 6),
  'firstorder/gather': perVoxel(ENTRY + 8 + ATOMIC, 8),
  'firstorder/peak:rows': { bytes: (w) => 16 * w.cells, operations: (w) => 30 * w.cells },
  // The sphere has 85 rows at 1 x 1 x 1.5 mm: two running sums of two words each, and their additions.
  'firstorder/peak:mean': perVoxel(ENTRY + 4 + 85 * 16 + 12, 85 * 35),
  'texture/glcm': {
    bytes: ({ voxels, half }) => voxels * (ENTRY + half * (4 + ATOMIC)),
    operations: ({ voxels, half }) => voxels * half * 8,
  },
  'texture/lines:count': {
    bytes: ({ voxels, half }) => voxels * (ENTRY + half * 4),
    operations: ({ voxels, half }) => voxels * half * 4,
  },
  'texture/lines:list': {
    bytes: ({ voxels, half }) => voxels * (ENTRY + half * 4),
    operations: ({ voxels, half }) => voxels * half * 4,
  },
  // Nearly every voxel of a noisy image ends a run.
  'texture/glrlm': {
    bytes: ({ voxels, half }) => voxels * half * (4 + ATOMIC),
    operations: ({ voxels, half }) => voxels * half * 8,
  },
  'texture/gldm': {
    bytes: ({ voxels, all }) => voxels * (ENTRY + 4 * all + ATOMIC),
    operations: ({ voxels, all }) => voxels * all * 3,
  },
  'texture/ngtdm': {
    bytes: ({ voxels, all }) => voxels * (ENTRY + 4 * all + ATOMIC),
    operations: ({ voxels, all }) => voxels * all * 6,
  },
  // To and fro along each axis, the cell and the distance each time.
  'texture/distance': { bytes: (w) => 3 * 2 * 8 * w.cells, operations: (w) => 3 * 2 * 5 * w.cells },
  'texture/components:start': perVoxel(ENTRY + 12, 6),
  'texture/components:link': perVoxel(ENTRY + 14 * 4 + ATOMIC, 40),
  'texture/components:measure': perVoxel(ENTRY + 8 + ATOMIC, 8),
  'texture/components:nearest': perVoxel(ENTRY + 12 + ATOMIC, 8),
  'texture/components:tally': perVoxel(ENTRY + 8, 8),
  'texture/components:volumes': perVoxel(ENTRY + 4, 4),
  'shape/mesh': perVoxel(ENTRY + 27 * 4, 120),
  'shape/extremes': perVoxel(ENTRY + 6 * 4, 30),
  // By the cells of the box: eight numbers of eight bytes for each where the spectrum is whole. The transforms of the sums over
  // pairs: three stages of two, four and eight numbers a cell, there and back, and of two for each axis of the weights; twelve
  // operations for a number of a stage. The last stage of the longest lines back is scattered.
  'fourier/transform': { bytes: (w) => 16 * 94 * w.cells, operations: (w) => 12 * 94 * w.cells },
  'fourier/transform:scattered': { bytes: (w) => 16 * 8 * w.cells, operations: (w) => 12 * 8 * w.cells },
  'morph/deviations': { bytes: (w) => 16 * w.cells, operations: (w) => 15 * w.cells },
  'morph/distances': { bytes: (w) => 4 * w.cells, operations: (w) => 12 * w.cells },
  'morph/weigh': { bytes: (w) => 8 * 24 * w.cells, operations: (w) => 8 * 15 * w.cells },
  'morph/sums': { bytes: (w) => 16 * w.cells, operations: (w) => 100 * w.cells },
  'n4/inspect': perImageVoxel(4, 5),
  'n4/otsu:count': perImageVoxel(4, 6),
  'n4/otsu:threshold': perImageVoxel(4.125, 3),
  'n4/shrink': perSample(16, 120),
  'n4/histogram': perSample(4, 16),
  // Two transforms of 512 points in pairs of f32, then 200 bins by the reach of the Gaussian.
  'n4/sharpen': { bytes: () => 8192, operations: () => 2 * 2304 * 180 + 200 * 100 * 4 },
  'n4/fit': perSample(4, 45),
  'n4/lattice:update': {
    bytes: ({ controls = 0, controlPoints = 0 }) => 16 * controls + 32 * controlPoints,
    operations: ({ controls = 0 }) => 80 * controls,
  },
  'n4/lattice:expand': { bytes: ({ controls = 0 }) => 12 * controls, operations: ({ controls = 0 }) => 40 * controls },
  'n4/field': perSample(12, 70),
  'n4/refine': {
    bytes: ({ controlPoints = 0 }) => 18 * controlPoints,
    operations: ({ controlPoints = 0 }) => 27 * 40 * controlPoints,
  },
  'n4/apply': perImageVoxel(8, 50),
  'n4/rescale': perImageVoxel(8, 3),
  'normalise/measure:statistics': perImageVoxel(4, 20),
  'normalise/measure:distribution': perImageVoxel(4 + ATOMIC, 16),
  'normalise/digits': perImageVoxel(4, 8),
  'normalise/affine': perImageVoxel(8, 5),
  'normalise/affine-wide': perImageVoxel(12, 100),
  'normalise/piecewise': perImageVoxel(8, 30),
  // One standard deviation: nine passes of sixteen products forwards and backwards, the causal half on the way.
  'filter/recursive': perImageVoxel(9 * (8 + 20) + 3 * 8, 9 * 16 * 26),
  // Eight bands of coif1: seven steps that read one image and write two, six products for each sample of these.
  'filter/wavelet': perImageVoxel(4 + 6 * 8 + 14 * 8, 14 * 6 * 26),
  'filter/peak': perImageVoxel(4, 20),
  'filter/point:lookup': perImageVoxel(20, 15),
  // The exponential; the square takes 70.
  'filter/point:compute': perImageVoxel(12, 600),
  'filter/gradient': perImageVoxel(8, 300),
  // The mean of five voxels along each axis.
  'filter/convolve': perImageVoxel(8, 3 * 2 * 5),
  // Eight angles of planes continued to twice their size; the transforms have rows of their own.
  'filter/gabor': perImageVoxel(8 * 2 * 12, 8 * 2 * 6),
  'filter/modulus': perImageVoxel(8 * 16, 8 * 5),
  // Half of the frequencies: a table, a Riesz transform of order two.
  'filter/spectrum': perImageVoxel(8, 30),
  // Of eight samples, four lie between voxels.
  'filter/lbp2d:pattern': perImageVoxel(8, 8 * 60),
  'filter/lbp2d:variance': perImageVoxel(8, 8 * 1200),
  // 42 points on the sphere, 84 products and sums in pairs of float32 each; levels of one and three rows.
  'filter/lbp3d:list_inside': { bytes: (w) => 4 * w.cells + 4 * w.voxels, operations: (w) => 12 * w.cells },
  'filter/lbp3d:sample': perVoxel(4 + 8 + 42 * 8, 42 * 84 * 50),
  'filter/lbp3d:level': perVoxel(4 + 8 + 42 * 8, 2 * 42 * 25),
  'filter/lbp3d:kurtosis': perVoxel(4 + 8 + 42 * 8, 42 * 200),
  // A multiplication and an addition for each tap along each axis; in numbers of twice the width about forty operations.
  'resample/axis': perGridVoxel((taps) => 3 * 2 * taps),
  'resample/axis-wide': perGridVoxel((taps) => 3 * 40 * taps),
  'resample/gather': perGridVoxel(() => 5),
  // Seven blends where the columns lie between samples.
  'resample/gather:ragged': perGridVoxel(() => 5),
  'resample/linear': perGridVoxel(() => 7 * 3),
  'resample/linear:ragged': perGridVoxel(() => 7 * 3),
  // The same, the extremes of the eight samples and the bound; few voxels are computed again in float64.
  'resample/linear-wide': perGridVoxel(() => 7 * 3 + 14 + 25),
  // The filter up and down the line, four weights.
  'resample/spline': perGridVoxel(() => 3 * (2 * 2 + 4 * 2)),
  'resample/spline-wide': perGridVoxel(() => 3 * (2 * 40 + 4 * 40)),
  // Of the values that meet around a voxel, two at most as a rule.
  'resample/label': perGridVoxel((taps) => 2 * 2 * taps ** 3),
  'resample/rotated': perGridVoxel((taps) => 2 * taps ** 3 + 12 * taps),
  // Neighbourhoods of radius 1: 27 voxels with 158 pairs, all features; the pairs of an angle are compared with each other.
  'map/firstorder': perVoxel(27 * 12 + 19 * 4, 27 * 27 * 3 + 27 * 60),
  'map/glcm': perVoxel(27 * 4 + 24 * 4, 158 * 60 + 2100 * 12),
  // Householder and bisection of matrices of order 10.
  'map/mcc': perVoxel(27 * 4 + 4, 13 * (1333 + 25 * 2 * 10 * 6 + 500)),
  'map/glrlm': perVoxel(27 * 4 + 16 * 4, 13 * 27 * 27 * 4),
  'map/glszm': perVoxel(27 * 4 + 16 * 4, 27 * 13 * 10 + 27 * 27 * 4),
  'map/gldm': perVoxel(27 * 4 + 16 * 4, 27 * 26 * 6 + 27 * 27 * 4),
  'map/ngtdm': perVoxel(27 * 4 + 5 * 4, 27 * 26 * 6 + 27 * 27 * 12),
  // Origin in two words, scale.
  'nn/input': perValue(3),
  // A shift and a mask.
  'nn/inside': perValue(2),
  ...Object.fromEntries(
    Object.values(tiles).flatMap(({ kernel, part }) => [kernel, part].map(({ name }) => [name, perProduct])),
  ),
  'nn/conv-sum': perValue(1),
  'nn/conv-lanes': perProduct,
  ...Object.fromEntries(
    matrixKernels.flatMap(({ method }) => [method.kernel, method.part!].map(({ name }) => [name, perProduct])),
  ),
  // 64 points for eight voxels and back: 3 times 64 additions each way, 64 products for 216.
  'nn/winograd:input': perValue(24),
  'nn/winograd:output': perValue(24),
  'nn/winograd-lanes': { ...perProduct, operations: ({ products = 0 }) => (2 * products * 64) / 216 },
  'nn/unfold': perValue(0),
  // 27 comparisons for every eighth value.
  'nn/maxpool': perValue(27 / 8),
  'nn/average': perValue(1),
};
