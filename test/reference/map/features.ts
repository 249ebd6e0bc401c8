/** CPU twin of the kernels under shaders/map: the matrices of one neighbourhood, counted plainly, and their features in float64. */
import type { FeatureClass } from '../../../src/pipeline/classes.ts';
import type { FeatureValues } from '../../../src/pipeline/feature-values.ts';
import { firstOrderFeatures } from '../../../src/pipeline/firstorder/features.ts';
import { glcmFeatures } from '../../../src/pipeline/texture/features/glcm.ts';
import { gldmFeatures } from '../../../src/pipeline/texture/features/gldm.ts';
import { glrlmFeatures } from '../../../src/pipeline/texture/features/glrlm.ts';
import { glszmFeatures } from '../../../src/pipeline/texture/features/glszm.ts';
import { ngtdmFeatures } from '../../../src/pipeline/texture/features/ngtdm.ts';
import type { LevelTable } from '../../../src/pipeline/texture/matrices.ts';
import { offsets } from '../../../src/pipeline/texture/offsets.ts';
import type { Vec3 } from '../../../src/pipeline/volume.ts';
import { zones } from '../texture/components.ts';
import { glcm } from '../texture/glcm.ts';
import { gldm } from '../texture/gldm.ts';
import { glrlm } from '../texture/glrlm.ts';
import { indexOf, inRegion, type LevelGrid, levelAt, voxelsOf } from '../texture/grid.ts';
import { lines } from '../texture/lines.ts';
import { ngtdm } from '../texture/ngtdm.ts';

/** Grey levels and intensities; region 1 is what the kernels see. */
export interface MapGrid extends LevelGrid {
  readonly values: ArrayLike<number>;
  readonly spacing: Vec3;
}

export interface MapTwinOptions {
  readonly kernelRadius: number;
  readonly distances: readonly number[];
  readonly force2Ddimension: 0 | 1 | 2 | null;
  readonly symmetrical: boolean;
  readonly alpha: number;
  readonly voxelArrayShift: number;
}

const none = { weightingNorm: null, spacing: [1, 1, 1] as Vec3 };

/** The neighbourhood of a voxel as a grid of its own. */
function cut(grid: MapGrid, centre: Vec3, radius: Vec3): MapGrid {
  const size = radius.map((r) => 2 * r + 1) as unknown as Vec3;
  const regions: number[] = [];
  const levels: number[] = [];
  const values: number[] = [];
  for (let z = -radius[2]; z <= radius[2]; z++)
    for (let y = -radius[1]; y <= radius[1]; y++)
      for (let x = -radius[0]; x <= radius[0]; x++) {
        const at: Vec3 = [centre[0] + x, centre[1] + y, centre[2] + z];
        const inside = inRegion(grid, at, 1);
        regions.push(Number(inside));
        levels.push(inside ? levelAt(grid, at) : 0);
        values.push(inside ? (grid.values[indexOf(grid, at)] as number) : 0);
      }
  return { size, regions, levels, values, spacing: grid.spacing };
}

/** Voxels of region 1 by level: the rows are levels 1 to ng. */
function tableOf(grid: LevelGrid, ng: number): LevelTable {
  const histogram = new Uint32Array(ng);
  for (const at of voxelsOf(grid, 1)) histogram[levelAt(grid, at) - 1]! += 1;
  return { levels: Uint32Array.from({ length: ng }, (_, i) => i + 1), histogram };
}

/** Busyness is 0 where level x voxels is the same for all levels; PyRadiomics and float64 divide by rounding there. */
function withExactBusyness({ values, reasons }: FeatureValues, { levels, histogram }: LevelTable): FeatureValues {
  const products = new Set([...levels].map((level, row) => level * histogram[row]!).filter((product) => product > 0));
  return products.size > 1 ? { values, reasons } : { values: { ...values, Busyness: 0 }, reasons };
}

/** Features of one neighbourhood, and which of the GLCM's angles hold pairs. */
export interface Neighbourhood {
  readonly features: Readonly<Partial<Record<FeatureClass, FeatureValues>>>;
  readonly angles: readonly boolean[];
}

/** All features of the neighbourhoods of the given voxels. */
export function mapTwin(grid: MapGrid, centres: readonly Vec3[], options: MapTwinOptions): Neighbourhood[] {
  const { kernelRadius, distances, force2Ddimension, symmetrical, alpha, voxelArrayShift } = options;
  const radius = [2, 1, 0].map((axis) => (axis === force2Ddimension ? 0 : kernelRadius)) as unknown as Vec3;
  const ng = Math.max(...voxelsOf(grid, 1).map((at) => levelAt(grid, at)));
  const region = tableOf(grid, ng);
  const pairs = offsets(distances, { bidirectional: false, force2Ddimension });
  const around = offsets(distances, { bidirectional: true, force2Ddimension });
  const unit = offsets([1], { bidirectional: false, force2Ddimension });
  const maxRun = 2 * kernelRadius + 1;
  return centres.map((centre) => {
    const small = cut(grid, centre, radius);
    const inside = voxelsOf(small, 1);
    const own = tableOf(small, ng);
    const glcmCounts = Uint32Array.from(glcm(small, 1, pairs, ng));
    const runs = glrlm(small, 1, unit, ng, maxRun);
    const found = zones(small, 1, unit);
    const zone = (k: 0 | 1 | 2) => Uint32Array.from(found, (z) => z[k]);
    return {
      features: {
        firstorder: firstOrderFeatures(
          { values: Float64Array.from(inside, (at) => small.values[indexOf(small, at)] as number), counts: null },
          own.histogram,
          { voxelArrayShift, spacing: grid.spacing, dimension: 3, deprecated: ['StandardDeviation'] },
        ),
        glcm: glcmFeatures(region, { offsets: pairs, counts: glcmCounts }, { ...none, symmetrical }),
        glrlm: glrlmFeatures(
          region,
          {
            offsets: unit,
            maxRun,
            counts: Uint32Array.from(runs),
            multiElement: Uint8Array.from(lines(small, 1, unit), ({ multiElement }) => Number(multiElement)),
          },
          none,
        ),
        glszm: glszmFeatures(region, { row: zone(0), size: zone(1), count: zone(2) }, inside.length),
        gldm: gldmFeatures(region, {
          maxDependence: around.length + 1,
          counts: Uint32Array.from(gldm(small, 1, around, ng, alpha)),
        }),
        ngtdm: withExactBusyness(
          ngtdmFeatures(own, {
            maxNeighbours: around.length,
            voxels: own.histogram,
            differences: Float64Array.from(ngtdm(small, 1, around, ng)),
          }),
          own,
        ),
      },
      angles: pairs.map((_, a) => glcmCounts.subarray(a * ng * ng, (a + 1) * ng * ng).some((n) => n > 0)),
    };
  });
}
