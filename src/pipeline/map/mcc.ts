/** Maps of MCC: the GPU finds the grey levels, the host the eigenvalues of each voxel's matrices, in float64. */
import { linearStep, type PaddedBox } from '../box.ts';
import { maximalCorrelation } from '../texture/features/glcm.ts';
import type { Offset } from '../texture/matrices.ts';
import type { Vec3 } from '../volume.ts';

/** Grey levels of a padded box, 0 outside the region, and the neighbourhoods of its voxels. */
export interface MccInput {
  readonly box: PaddedBox;
  readonly radius: Vec3;
  readonly levels: Uint32Array;
  /** One of each pair of opposite offsets. */
  readonly offsets: readonly Offset[];
  readonly symmetrical: boolean;
  /** Number of grey levels of the region: with one, PyRadiomics answers 1 everywhere. */
  readonly greyLevels: number;
}

/** Ends of all pairs of one angle, level here and level there. */
function pairsOf({ box, radius, levels }: MccInput, centre: number, offset: Offset): [number[], number[]] {
  const [here, there]: [number[], number[]] = [[], []];
  const low = radius.map((r, axis) => Math.max(-r, -r - offset[axis]!)) as unknown as Vec3;
  const high = radius.map((r, axis) => Math.min(r, r - offset[axis]!)) as unknown as Vec3;
  const step = linearStep(box, offset);
  for (let z = low[2]; z <= high[2]; z++)
    for (let y = low[1]; y <= high[1]; y++)
      for (let x = low[0]; x <= high[0]; x++) {
        const index = centre + linearStep(box, [x, y, z]);
        const [i, j] = [levels[index] as number, levels[index + step] as number];
        if (i === 0 || j === 0) continue;
        here.push(i);
        there.push(j);
      }
  return [here, there];
}

/** MCC of one matrix. */
function ofPairs(here: readonly number[], there: readonly number[], symmetrical: boolean): number {
  const levels = [...new Set([...here, ...there])].sort((a, b) => a - b);
  // The other levels of the region have empty rows: eigenvalues of 0 beside the one of a flat neighbourhood.
  if (levels.length < 2) return 0;
  const rank = new Map(levels.map((level, r) => [level, r]));
  const n = levels.length;
  const [p, px, py] = [new Float64Array(n * n), new Float64Array(n), new Float64Array(n)];
  const add = (a: number, b: number, value: number) => {
    p[a * n + b]! += value;
    px[a]! += value;
    py[b]! += value;
  };
  const share = 1 / (here.length * (symmetrical ? 2 : 1));
  here.forEach((level, k) => {
    const [a, b] = [rank.get(level)!, rank.get(there[k]!)!];
    add(a, b, share);
    if (symmetrical) add(b, a, share);
  });
  return maximalCorrelation({ levels: Float64Array.from(levels), p, px, py });
}

/** MCC of the neighbourhood of one voxel: the mean over the angles that hold pairs, NaN where none does. */
export function maximalCorrelationAt(input: MccInput, centre: number): number {
  if (input.greyLevels < 2) return 1;
  let sum = 0;
  let angles = 0;
  for (const offset of input.offsets) {
    const [here, there] = pairsOf(input, centre, offset);
    if (here.length === 0) continue;
    sum += ofPairs(here, there, input.symmetrical);
    angles++;
  }
  return angles === 0 ? Number.NaN : sum / angles;
}
