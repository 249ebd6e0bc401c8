/** N4 on a generated volume: whole runs, and GPU time of each kernel beside what the adapter can do at best. */
import type { Engine } from '../../src/engine/index.ts';
import { toDevice } from '../../src/pipeline/device-volume.ts';
import { correctBias, type N4Options, type N4Result } from '../../src/pipeline/n4/index.ts';
import type { Vec3, Volume } from '../../src/pipeline/volume.ts';
import { costs, type N4Work } from '../costs.ts';
import { ball } from '../generated.ts';
import type { Peaks } from '../peaks.ts';
import { median } from '../statistics.ts';

export interface N4Row {
  /** A kernel, or `n4` for the whole run. */
  readonly kernel: string;
  readonly case: string;
  readonly voxels: number;
  readonly dispatches: number;
  /** Milliseconds per run: the first in the process, then the median. Kernels: GPU time of all dispatches. */
  readonly coldMs: number;
  readonly warmMs: number;
  /** Bytes that all dispatches must move at least, and the share of the copy peak that this makes; NaN for whole runs. */
  readonly bytes: number;
  readonly copyShare: number;
  readonly arithmeticShare: number;
}

function workOf({ size }: Volume, { report, field }: N4Result): N4Work {
  const [, py] = field.points;
  return {
    imageVoxels: size[0] * size[1] * size[2],
    samples: report.shrunk[0] * report.shrunk[1] * report.shrunk[2],
    controlPoints: field.points[0] * field.points[1] * field.points[2],
    controls: py * report.shrunk[0] * report.shrunk[2],
  };
}

/** A ball under a smooth field. */
function biased(voxels: number): Volume {
  const { image } = ball(voxels);
  const [nx, ny] = image.size as Vec3;
  const field = (i: number) => Math.exp(0.3 * Math.sin((i % nx) / nx + Math.floor(i / nx / ny) / 40));
  return { ...image, data: Float32Array.from(image.data, (v, i) => v * field(i)) };
}

async function measure(
  engine: Engine,
  image: Volume,
  options: N4Options,
  name: string,
  repeats: number,
  peaks: Peaks,
): Promise<N4Row[]> {
  const input = await toDevice(engine, image);
  const times = new Map<string, number[]>();
  const add = (key: string, ms: number) => times.set(key, [...(times.get(key) ?? []), ms]);
  const dispatches = new Map<string, number>([['n4', 1]]);
  let work: N4Work = {};
  for (let k = 0; k <= repeats; k++) {
    engine.profile.clear();
    const start = performance.now();
    const result = await correctBias(engine, input, options);
    add('n4', performance.now() - start);
    engine.release(result.corrected.voxels);
    work = workOf(image, result);
    for (const row of engine.profile.rows()) {
      add(row.kernel, row.milliseconds);
      dispatches.set(row.kernel, row.dispatches);
    }
  }
  engine.release(input.voxels);
  return [...times].map(([kernel, [cold = Number.NaN, ...warm]]): N4Row => {
    const warmMs = median(warm);
    const count = dispatches.get(kernel) ?? 0;
    const cost = costs[kernel];
    const all = { voxels: 0, cells: 0, half: 0, all: 0, ...work };
    const bytes = cost ? count * cost.bytes(all) : Number.NaN;
    const operations = cost ? count * cost.operations(all) : Number.NaN;
    return {
      kernel,
      case: name,
      voxels: image.data.length,
      dispatches: count,
      coldMs: cold,
      warmMs,
      bytes,
      copyShare: bytes / warmMs / 1e6 / peaks.gigabytesPerSecond,
      arithmeticShare: operations / warmMs / 1e6 / peaks.gigaopsPerSecond,
    };
  });
}

/** Whole runs and kernels of N4 with ANTsPy's defaults, and a few iterations on the full grid. */
export async function benchN4(
  engine: Engine,
  peaks: Peaks,
  repeats: number,
  report: (line: string) => void,
): Promise<N4Row[]> {
  const rows: N4Row[] = [];
  for (const voxels of [200_000, 2_000_000]) {
    const image = biased(voxels);
    for (const [name, options] of [
      ['shrink 4, 4 x 50', {}],
      ['shrink 1, 4 x 5', { shrink: 1, iterations: [5, 5, 5, 5] }],
    ] as const) {
      const title = `${image.size.join(' x ')}, ${name}`;
      report(`n4 on ${title}`);
      rows.push(...(await measure(engine, image, options, title, repeats, peaks)));
    }
  }
  return rows;
}
