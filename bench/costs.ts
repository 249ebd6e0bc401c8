/**
 * What each kernel has to do at least, per run: bytes that must be read or written once (an atomic counts 8) and integer
 * operations. One line per kernel; a test holds this table against the kernels there are.
 */
export interface Work {
  /** Voxels inside a region. */
  readonly voxels: number;
  /** Cells of the padded box; for stages before the region is known, voxels of the image. */
  readonly cells: number;
  /** Voxels of the whole mask (one byte each). */
  readonly maskVoxels: number;
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

const perCell = (bytes: number, operations: number): Cost => ({
  bytes: ({ cells }) => cells * bytes,
  operations: ({ cells }) => cells * operations,
});

export const costs: Readonly<Record<string, Cost>> = {
  'roi/bounds': { bytes: (w) => w.maskVoxels, operations: (w) => 3 * w.maskVoxels },
  'roi/compact': { bytes: (w) => 5 * w.cells + 4 * w.voxels, operations: (w) => 6 * w.cells },
  'roi/encode': { bytes: (w) => 8 * w.cells, operations: (w) => 10 * w.cells },
  'roi/extent': perVoxel(ENTRY, 40),
  'roi/range': perVoxel(ENTRY + 4, 8),
  'roi/resegment': perVoxel(ENTRY + 8, 12),
  'roi/clip': perVoxel(ENTRY + 4, 20),
  'discretise/levels': perVoxel(ENTRY + 8 + ATOMIC, 50),
  'discretise/rank': perVoxel(ENTRY + 8, 6),
  'firstorder/histogram': perVoxel(ENTRY + 4 + ATOMIC, 6),
  'firstorder/gather': perVoxel(ENTRY + 8 + ATOMIC, 8),
  'texture/glcm': {
    bytes: ({ voxels, half }) => voxels * (ENTRY + half * (4 + ATOMIC)),
    operations: ({ voxels, half }) => voxels * half * 8,
  },
  'texture/glrlm': {
    bytes: ({ voxels, half }) => voxels * (ENTRY + half * (8 + ATOMIC)),
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
  'texture/components:start': perVoxel(ENTRY + 12, 6),
  'texture/components:link': perVoxel(ENTRY + 14 * 4 + ATOMIC, 40),
  'texture/components:measure': perVoxel(ENTRY + 8 + ATOMIC, 8),
  'texture/components:tally': perVoxel(ENTRY + 8, 8),
  'texture/components:volumes': perVoxel(ENTRY + 4, 4),
  'shape/mesh': perVoxel(ENTRY + 27 * 4, 120),
  'shape/extremes': perVoxel(ENTRY + 6 * 4, 30),
  'normalise/measure:statistics': perCell(4, 70),
  'normalise/measure:distribution': perCell(4, 60),
  'normalise/digits': perCell(4, 30),
  'normalise/affine': perCell(8, 8),
  'normalise/piecewise': perCell(8, 40),
};
