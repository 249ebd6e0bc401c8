/** N4 and resampling by ANTsPy, SimpleITK and the numpy twin, in turn with ours in the same run. Memory to memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../src/engine/index.ts';
import { toVolume } from '../src/host/format/index.ts';
import { readImageFile } from '../src/host/node/read.ts';
import { n4 } from '../src/pipeline/n4/index.ts';
import { itkGrid, resample } from '../src/pipeline/resample/index.ts';
import type { Volume } from '../src/pipeline/volume.ts';
import { peerScripts, pythonOf, runProgram } from './peers.ts';
import { median, minimum } from './statistics.ts';

export interface AntsRow {
  readonly case: string;
  readonly size: string;
  readonly operation: string;
  readonly peer: string;
  readonly threads: number;
  readonly peerMs: number;
  readonly peerMedianMs: number;
  readonly oursMs: number;
  readonly oursMedianMs: number;
  /** Peer's least time over ours. */
  readonly ratio: number;
  readonly medianRatio: number;
  /** Timings of the peer. */
  readonly rounds: number;
  /** Whether each is computed from two shorter runs. */
  readonly extrapolated: boolean;
}

interface Peer {
  /** As the script calls it. */
  readonly name: string;
  readonly threads: readonly number[];
  /** Timings at most; programs that take a minute are timed once. */
  readonly rounds: number;
  /** Whether its time is computed from two shorter runs, because it would take the better part of an hour. */
  readonly extrapolated?: boolean;
}

interface Operation {
  readonly ours: (engine: Engine, image: Volume) => Promise<unknown>;
  readonly peers: readonly Peer[];
  /** Timings of ours before each of a peer. */
  readonly repeats: number;
  readonly cases: readonly string[];
}

const ROUNDS = 3;
const once = { rounds: 1 } as const;
const itk: Peer = { name: 'SimpleITK', threads: [1, 2], rounds: ROUNDS };
const twin: Peer = { name: 'numpy twin', threads: [1], rounds: ROUNDS };
const cases = ['BR-06_t0', 'chris_t1', 'synthetic'];
const toMillimetre = (interpolator: 'sitkLinear' | 'sitkBSpline'): Operation['ours'] => {
  return (engine, image) => resample(engine, image, itkGrid(image, [1, 1, 1]), { interpolator });
};

/** By the script's names. ANTsPy runs ITK's filter: at shrink 1 SimpleITK, which the script offers, stands for it. */
const operations: Readonly<Record<string, Operation>> = {
  n4_shrink4: {
    ours: (engine, image) => n4(engine, image),
    peers: [twin, { ...itk, name: 'ANTsPy', ...once }, { ...itk, ...once }],
    repeats: 3,
    cases,
  },
  n4_shrink1: {
    ours: (engine, image) => n4(engine, image, { shrink: 1 }),
    peers: [
      { ...twin, ...once },
      { ...itk, ...once, extrapolated: true },
    ],
    repeats: 1,
    cases: ['BR-06_t0'],
  },
  resample_linear: { ours: toMillimetre('sitkLinear'), peers: [itk], repeats: 3, cases },
  resample_bspline: { ours: toMillimetre('sitkBSpline'), peers: [itk], repeats: 3, cases },
};

/** The iterations of N4 by default: those of all levels. */
const ALL_ITERATIONS = 200;

/** Writes the image of a case as the script has it, some of them made in memory, and reads it. */
async function loadCase(name: string, environment: string): Promise<Volume> {
  const folder = mkdtempSync(join(tmpdir(), 'voxomics-bench-'));
  const file = join(folder, 'image.nii');
  const program = [
    'import sys',
    'folder, case, file = sys.argv[1:]',
    'sys.argv[1:] = []',
    'sys.path.insert(0, folder)',
    'import bench',
    'bench.sitk.WriteImage(bench.load(case), file)',
  ].join('\n');
  try {
    await runProgram(pythonOf(environment), ['-c', program, peerScripts('ants'), name, file]);
    return toVolume(await readImageFile(file));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One timing of a peer in milliseconds. @param iterations of N4, by level */
async function timePeer(
  environment: string,
  { name, operation, peer, threads }: { name: string; operation: string; peer: string; threads: number },
  iterations: string,
): Promise<number> {
  const options = ['--cases', name, '--ops', operation, '--peers', peer, '--threads', String(threads)];
  const output = await runProgram(pythonOf(environment), [
    peerScripts('ants', 'bench.py'),
    ...options,
    ...['--repeats', '1', '--iterations', iterations],
  ]);
  return (JSON.parse(output.trim().split('\n').at(-1) as string) as { seconds_min: number }).seconds_min * 1000;
}

/** Time of all iterations from that of the first and of `more`: at this tolerance no level stops early. */
async function extrapolate(time: (iterations: string) => Promise<number>, more: number): Promise<number> {
  const one = await time('1');
  const several = await time(String(1 + more));
  return one + ((several - one) / more) * (ALL_ITERATIONS - 1);
}

export interface AntsOptions {
  /** Chosen names; all where absent. */
  readonly cases: readonly string[] | undefined;
  readonly operations: readonly string[] | undefined;
  /** Where the peers are installed. */
  readonly environment: string;
  /** Iterations from which the peers' time at shrink 1 is extrapolated, beside the first. */
  readonly iterations: number;
}

/** Compares in rounds: ours, theirs, ours, theirs …, so that a slow spell of the machine meets both. */
export async function compareAnts(
  engine: Engine,
  { cases: chosen, operations: wanted, environment, iterations }: AntsOptions,
  report: (line: string) => void,
): Promise<AntsRow[]> {
  const rows: AntsRow[] = [];
  for (const name of cases.filter((c) => !chosen || chosen.includes(c))) {
    const image = await loadCase(name, environment);
    for (const [operation, { ours, peers, repeats, cases: its }] of Object.entries(operations)) {
      if (!its.includes(name) || (wanted && !wanted.includes(operation))) continue;
      const own: number[] = [];
      const timeOurs = async () => {
        const started = performance.now();
        await ours(engine, image);
        own.push(performance.now() - started);
      };
      // Compiles; not counted.
      await ours(engine, image);
      const runs = peers.flatMap(({ name: peer, threads, rounds, extrapolated = false }) =>
        threads.map((n) => ({ peer, threads: n, rounds, extrapolated, times: [] as number[] })),
      );
      for (let round = 0; round < ROUNDS; round++) {
        for (const { peer, threads, rounds, extrapolated, times } of runs) {
          if (round >= rounds) continue;
          for (let k = 0; k < repeats; k++) await timeOurs();
          report(`${operation} on ${name}: ${peer}, ${threads} thread${threads > 1 ? 's' : ''}`);
          const time = (schedule: string) => timePeer(environment, { name, operation, peer, threads }, schedule);
          times.push(extrapolated ? await extrapolate(time, iterations) : await time('50,50,50,50'));
        }
      }
      rows.push(
        ...runs.map(({ peer, threads, extrapolated, times }): AntsRow => {
          const [peerMs, oursMs] = [minimum(times), minimum(own)];
          const [peerMedianMs, oursMedianMs] = [median(times), median(own)];
          return {
            case: name,
            size: image.size.join(' x '),
            operation,
            peer,
            threads,
            peerMs,
            peerMedianMs,
            oursMs,
            oursMedianMs,
            ratio: peerMs / oursMs,
            medianRatio: peerMedianMs / oursMedianMs,
            rounds: times.length,
            extrapolated,
          };
        }),
      );
    }
  }
  return rows;
}
