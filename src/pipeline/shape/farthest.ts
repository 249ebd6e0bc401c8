/** The largest distance between any two of many points, without comparing all pairs. */

/** A growing list of points in millimetres. */
export class Points {
  x = new Float64Array(256);
  y = new Float64Array(256);
  z = new Float64Array(256);
  length = 0;

  add(x: number, y: number, z: number): void {
    if (this.length === this.x.length) this.grow();
    this.x[this.length] = x;
    this.y[this.length] = y;
    this.z[this.length++] = z;
  }

  private grow(): void {
    const doubled = (old: Float64Array) => {
      const next = new Float64Array(2 * old.length);
      next.set(old);
      return next;
    };
    this.x = doubled(this.x);
    this.y = doubled(this.y);
    this.z = doubled(this.z);
  }
}

/** The largest squared distance between two of the points, or `known` if none is larger. */
export function farthestPair(points: Points, known: number): number {
  const { radii, largest } = radiiOf(points);
  if (2 * largest * MARGIN < Math.sqrt(known)) return known;
  const best = Math.max(known, sweep(points));
  // Two points are at most the sum of their distances from the centre apart.
  const needed = Math.sqrt(best) / MARGIN - largest;
  const outer: number[] = [];
  for (let i = 0; i < points.length; i++) if ((radii[i] as number) >= needed) outer.push(i);
  return compareBlocks(groupPoints(points, outer), best);
}

/** Margin for rounding where a bound excludes points; it only costs time. */
const MARGIN = 1 + 1e-12;

/** Smallest and largest of some values. */
function rangeOf(values: Float64Array, start: number, end: number): [low: number, high: number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = start; i < end; i++) {
    const v = values[i] as number;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return [low, high];
}

/** Distances of the points from the middle of their box, and the largest of them. */
function radiiOf({ x, y, z, length }: Points): { radii: Float64Array; largest: number } {
  const centre = (values: Float64Array) => {
    const [low, high] = rangeOf(values, 0, length);
    return (low + high) / 2;
  };
  const [cx, cy, cz] = [centre(x), centre(y), centre(z)];
  const radii = new Float64Array(length);
  let largest = 0;
  for (let i = 0; i < length; i++) {
    const dx = (x[i] as number) - cx;
    const dy = (y[i] as number) - cy;
    const dz = (z[i] as number) - cz;
    const radius = Math.sqrt(dx * dx + dy * dy + dz * dz);
    radii[i] = radius;
    if (radius > largest) largest = radius;
  }
  return { radii, largest };
}

/** Steps from a point to the one farthest from it. */
const SWEEPS = 3;

/** A large squared distance to start with: from point to farthest point, some times. */
function sweep({ x, y, z, length }: Points): number {
  let best = 0;
  let from = 0;
  for (let step = 0; step < SWEEPS; step++) {
    const [xi, yi, zi] = [x[from] as number, y[from] as number, z[from] as number];
    for (let j = 0; j < length; j++) {
      const dx = (x[j] as number) - xi;
      const dy = (y[j] as number) - yi;
      const dz = (z[j] as number) - zi;
      const squared = dz * dz + dy * dy + dx * dx;
      if (squared > best) {
        best = squared;
        from = j;
      }
    }
  }
  return best;
}

/** Points sorted into blocks of neighbours with a box around each. */
interface Blocks {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array;
  /** First point of each block, and the end of the last. */
  readonly starts: readonly number[];
  /** Lowest and highest x, y, z of each block, six numbers. */
  readonly boxes: Float64Array;
}

/** Points of one block, roughly, where the points lie on a surface; and the most blocks along an axis. */
const BLOCK_POINTS = 16;
const MAX_DIVISIONS = 64;

/** Groups some of the points by the cells of a cubic grid. */
function groupPoints({ x, y, z, length }: Points, indices: readonly number[]): Blocks {
  const ranges = [x, y, z].map((values) => rangeOf(values, 0, length));
  const longest = Math.max(...ranges.map(([low, high]) => high - low));
  // A closed surface meets about pi * divisions^2 cells.
  const divisions = Math.min(Math.ceil(Math.sqrt(indices.length / (Math.PI * BLOCK_POINTS))), MAX_DIVISIONS);
  const scale = longest > 0 ? (divisions * (1 - 1e-9)) / longest : 0;
  const [lowX, lowY, lowZ] = ranges.map(([low]) => low) as [number, number, number];
  const cell = (i: number) =>
    Math.floor(((x[i] as number) - lowX) * scale) +
    divisions *
      (Math.floor(((y[i] as number) - lowY) * scale) + divisions * Math.floor(((z[i] as number) - lowZ) * scale));
  // Sorted by cell; the point is the remainder.
  const keys = Float64Array.from(indices, (i) => cell(i) * length + i).sort();
  const order = Uint32Array.from(keys, (key) => key % length);
  const starts: number[] = [];
  keys.forEach((key, k) => {
    if (k === 0 || Math.floor(key / length) !== Math.floor((keys[k - 1] as number) / length)) starts.push(k);
  });
  const pick = (values: Float64Array) => Float64Array.from(order, (i) => values[i] as number);
  const sorted = [pick(x), pick(y), pick(z)] as const;
  const boxes = new Float64Array(6 * starts.length);
  starts.forEach((start, b) => {
    const end = starts[b + 1] ?? order.length;
    sorted.forEach((values, axis) => {
      boxes.set(rangeOf(values, start, end), 6 * b + 2 * axis);
    });
  });
  return { x: sorted[0], y: sorted[1], z: sorted[2], starts: [...starts, order.length], boxes };
}

/** Compares the points of those pairs of blocks that can be far enough apart. */
function compareBlocks(blocks: Blocks, known: number): number {
  const { starts, boxes } = blocks;
  let best = known;
  for (let a = 0; a < starts.length - 1; a++) {
    for (let b = 0; b <= a; b++) {
      // Rounded like the distances themselves, and rounding keeps the order: the bound needs no margin.
      let bound = 0;
      for (let axis = 4; axis >= 0; axis -= 2) {
        const [i, j] = [6 * a + axis, 6 * b + axis];
        const d = Math.max(
          (boxes[i + 1] as number) - (boxes[j] as number),
          (boxes[j + 1] as number) - (boxes[i] as number),
        );
        bound += d * d;
      }
      if (bound > best) best = comparePairs(blocks, a, b, best);
    }
  }
  return best;
}

function comparePairs({ x, y, z, starts }: Blocks, a: number, b: number, known: number): number {
  const [from, to] = [starts[b] as number, starts[b + 1] as number];
  let best = known;
  for (let i = starts[a] as number; i < (starts[a + 1] as number); i++) {
    const [xi, yi, zi] = [x[i] as number, y[i] as number, z[i] as number];
    for (let j = from; j < to; j++) {
      const dx = (x[j] as number) - xi;
      const dy = (y[j] as number) - yi;
      const dz = (z[j] as number) - zi;
      const squared = dz * dz + dy * dy + dx * dx;
      if (squared > best) best = squared;
    }
  }
  return best;
}
