/** The grids of one N4 run: image, padded image, shrunk image, lattices. */
import { PipelineError } from '../errors.ts';
import type { Geometry, Vec3 } from '../volume.ts';
import { checkPoints, type N4Settings } from './options.ts';
import { type Axis, paddingOf, pointsOf, refined, shrinkOffset, spansOf } from './spline.ts';

export interface N4Grid {
  readonly dimension: 2 | 3;
  /** Voxels of the image along x, y, z. */
  readonly full: Vec3;
  /** Voxels of zeros in front of the image and its size with the padding. */
  readonly lower: Vec3;
  readonly padded: Vec3;
  /** Samples of the shrunk grid, and the index in the image of the first. */
  readonly size: Vec3;
  readonly offset: Vec3;
  readonly factor: Vec3;
  /** Control points of each level; 4 along z for 2D images, of which only the first is used. */
  readonly points: readonly Vec3[];
}

const axes = [0, 1, 2] as const;
const map = (f: (axis: 0 | 1 | 2) => number): Vec3 => [f(0), f(1), f(2)];

/**
 * Lays out the grids.
 * @throws PipelineError TooThin with fewer than two samples along an axis, TooLarge
 */
export function layOut(image: Geometry, { shrink, mesh, splineDistance, iterations }: N4Settings): N4Grid {
  const { dimension, size: full, spacing } = image;
  const flat = (axis: number) => axis >= dimension;
  const padding = axes.map((axis) =>
    splineDistance === null || flat(axis)
      ? { lower: 0, upper: 0, spans: mesh?.[axis] ?? 1 }
      : paddingOf(full[axis], spacing[axis], splineDistance),
  );
  const of = (axis: number) => padding[axis] as (typeof padding)[number];
  const padded = map((axis) => full[axis] + of(axis).lower + of(axis).upper);
  const factor = map((axis) => (flat(axis) ? 1 : shrink));
  const size = map((axis) => Math.floor(padded[axis] / factor[axis]));
  axes.slice(0, dimension).forEach((axis) => {
    if (full[axis] >= 2 && size[axis] >= 2) return;
    throw new PipelineError(
      'TooThin',
      `n4: the image has ${full[axis]} voxels along ${'xyz'[axis]}; at shrink ${shrink} at least ${2 * shrink} are needed; lower shrink to ${Math.max(1, Math.floor(full[axis] / 2))}, or treat the slices as 2D images`,
    );
  });
  const points: Vec3[] = [map((axis) => pointsOf(flat(axis) ? 1 : of(axis).spans))];
  for (let level = 1; level < iterations.length; level++) {
    const coarse = points[level - 1] as Vec3;
    points.push(map((axis) => (flat(axis) ? coarse[axis] : refined(coarse[axis]))));
  }
  checkPoints(points.at(-1) as Vec3);
  return {
    dimension,
    full,
    lower: map((axis) => of(axis).lower),
    padded,
    size,
    offset: map((axis) => (flat(axis) ? 0 : shrinkOffset(padded[axis], shrink, of(axis).lower))),
    factor,
    points,
  };
}

/** The three axes of a grid under a lattice. */
export type Axes = readonly [Axis, Axis, Axis];

const flatAxis: Axis = { spans: 1, intervals: 0, start: 0 };

function axesOf(dimension: number, points: Vec3, samples: Vec3, start: Vec3): Axes {
  const of = (axis: 0 | 1 | 2): Axis =>
    axis < dimension ? { spans: spansOf(points[axis]), intervals: samples[axis] - 1, start: start[axis] } : flatAxis;
  return [of(0), of(1), of(2)];
}

/** The shrunk grid under a lattice: ANTs lets the lattice span from its first to its last sample. */
export const shrunkAxes = ({ dimension, size }: N4Grid, points: Vec3): Axes =>
  axesOf(dimension, points, size, [0, 0, 0]);

/** The voxels of the image under a lattice that spans the padded image. */
export const imageAxes = (
  { dimension, padded, lower }: Pick<N4Grid, 'dimension' | 'padded' | 'lower'>,
  points: Vec3,
): Axes => axesOf(dimension, points, padded, lower);
