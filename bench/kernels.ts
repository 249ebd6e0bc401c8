/** GPU time of every kernel on generated cases, beside what the adapter can do at best. */
import type { Engine } from '../src/engine/index.ts';
import { extract, type ExtractOptions } from '../src/pipeline/extract.ts';
import type { Volume } from '../src/pipeline/volume.ts';
import { costs, type Work } from './costs.ts';
import { ball, type GeneratedCase, scatter } from './generated.ts';
import type { Peaks } from './peaks.ts';
import { median, percentile } from './statistics.ts';

export interface KernelRow {
  readonly kernel: string;
  readonly case: string;
  readonly voxels: number;
  /** GPU milliseconds per case: first run in the process, then median and 95th percentile. */
  readonly coldMs: number;
  readonly warmMs: number;
  readonly p95Ms: number;
  readonly bytes: number;
  /** Shares of the measured peaks that the warm time reaches. */
  readonly copyShare: number;
  readonly arithmeticShare: number;
}

/** Runs that together dispatch every kernel: as it is, resegmented, as floats with many levels, IBSI's classes. */
const runs: readonly { readonly kernels: RegExp; readonly options: ExtractOptions; readonly floats: boolean }[] = [
  { kernels: /^(?!roi\/(resegment|clip)|discretise\/rank|firstorder\/gather)/, options: {}, floats: false },
  { kernels: /^(morph|fourier)/, options: { classes: ['morph'] }, floats: false },
  { kernels: /^roi\/(resegment|clip)/, options: { settings: { resegmentRange: [300, 800] } }, floats: false },
  { kernels: /^(discretise\/rank|firstorder\/gather)/, options: { settings: { binWidth: 0.5 } }, floats: true },
  {
    kernels: /^(texture\/(distance|components:nearest)|firstorder\/peak)/,
    options: { classes: ['dzm', 'loc'] },
    floats: false,
  },
];

function workOf({ image, mask }: GeneratedCase): Work {
  let voxels = 0;
  for (const label of mask.data) voxels += Number(label > 0);
  // The generated regions fill the volume but for a thin margin.
  return { voxels, cells: image.data.length, half: 13, all: 26 };
}

const asFloats = (image: Volume): Volume => ({ ...image, data: Float32Array.from(image.data, (v) => v / 3) });

async function measure(engine: Engine, generated: GeneratedCase, repeats: number, peaks: Peaks): Promise<KernelRow[]> {
  const work = workOf(generated);
  const rows: KernelRow[] = [];
  for (const { kernels, options, floats } of runs) {
    const image = floats ? asFloats(generated.image) : generated.image;
    const times = new Map<string, number[]>();
    for (let k = 0; k <= repeats; k++) {
      engine.profile.clear();
      await extract(engine, image, generated.mask, options);
      for (const row of engine.profile.rows().filter((r) => kernels.test(r.kernel))) {
        times.set(row.kernel, [...(times.get(row.kernel) ?? []), row.milliseconds]);
      }
    }
    for (const [kernel, all] of times) {
      const [cold = Number.NaN, ...warm] = all;
      const cost = costs[kernel];
      if (!cost) throw new Error(`bench/costs.ts has no line for ${kernel}`);
      const warmMs = median(warm);
      const bytes = cost.bytes(work);
      rows.push({
        kernel,
        case: generated.name,
        voxels: work.voxels,
        coldMs: cold,
        warmMs,
        p95Ms: percentile(warm, 0.95),
        bytes,
        copyShare: bytes / warmMs / 1e6 / peaks.gigabytesPerSecond,
        arithmeticShare: cost.operations(work) / warmMs / 1e6 / peaks.gigaopsPerSecond,
      });
    }
  }
  return rows;
}

/** Measures all kernels on a compact and a scattered region. The engine must have been made with `profile`. */
export async function benchKernels(
  engine: Engine,
  peaks: Peaks,
  repeats: number,
  report: (line: string) => void,
): Promise<KernelRow[]> {
  const rows: KernelRow[] = [];
  for (const generated of [ball(95_000), scatter(), ball(1_000_000)]) {
    report(`kernels on ${generated.name}`);
    rows.push(...(await measure(engine, generated, repeats, peaks)));
  }
  return rows;
}
