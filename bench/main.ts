/** `npm run bench`: peaks, kernels, stages, cases, peers; tables on standard output, everything in JSON. */
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { createEngine } from '../src/host/node/adapters.ts';
import { writeAtomically } from '../src/host/node/write.ts';
import { type Variant, variants } from '../src/pipeline/nn/manifest.ts';
import { version } from '../src/version.ts';
import {
  type BenchPreset,
  benchCase,
  benchPresets,
  type CaseFiles,
  type CaseRow,
  printPeakMemory,
  recordedCases,
  withGeneratedCases,
} from './cases.ts';
import { benchKernels, type KernelRow } from './kernels.ts';
import { measurePeaks, type Peaks } from './peaks.ts';
import { comparePeer, ensurePeer, hasPeers, type PeerName, type PeerRow } from './peers.ts';
import { type AntsRow, compareAnts } from './peers-ants.ts';
import { stages } from './stages/index.ts';
import { printTable } from './table.ts';

interface Options {
  readonly preset: BenchPreset;
  readonly case?: string[];
  readonly repeats: string;
  readonly json?: string;
  readonly adapter?: string;
  readonly peers?: boolean;
  readonly flash?: boolean;
  readonly ants?: boolean;
  readonly op?: string[];
  readonly stage?: string[];
  readonly size?: string[];
  readonly variant?: Variant[];
  readonly iterations: string;
  readonly peerEnv: string;
}

interface Report {
  readonly machine: object;
  peaks?: Peaks;
  kernels?: KernelRow[];
  cases?: CaseRow[];
  stages?: Record<string, readonly object[]>;
  peers?: PeerRow[];
  ants?: AntsRow[];
}

const progress = (line: string) => void process.stderr.write(`bench: ${line}\n`);

async function benchGpu(
  report: Report,
  wants: (section: string) => boolean,
  repeats: number,
  { adapter, stage, size: sizes, variant: wanted, peerEnv }: Options,
): Promise<void> {
  const engine = await createEngine({ adapter, profile: true });
  if (!engine.caps.timestamps) progress('this adapter has no timestamp queries: kernels are not timed');
  report.peaks = await measurePeaks(engine);
  printTable('Peaks', [report.peaks]);
  if (wants('kernels') && engine.caps.timestamps) {
    report.kernels = await benchKernels(engine, report.peaks, repeats, progress);
    printTable('Kernels (GPU time)', report.kernels);
  }
  if (wants('stages')) {
    report.stages = {};
    for (const [name, bench] of Object.entries(stages).filter(([name]) => !stage || stage.includes(name))) {
      report.stages[name] = await bench(engine, report.peaks, repeats, progress, {
        adapter,
        sizes,
        variants: wanted,
        peers: peerEnv,
      });
      printTable(`Stage ${name} (GPU to GPU, every dispatch timed)`, report.stages[name]);
    }
  }
  engine.destroy();
}

async function benchPeers(
  cases: readonly CaseFiles[],
  names: readonly PeerName[],
  { adapter, peerEnv, preset, case: named }: Options,
): Promise<PeerRow[]> {
  if (!hasPeers()) {
    progress('no peers: their scripts are not in ../shared/peers');
    return [];
  }
  const rows: PeerRow[] = [];
  const engine = await createEngine({ adapter });
  for (const peer of names) {
    const environment = join(peerEnv, peer);
    progress(`installing ${peer} where it is missing`);
    await ensurePeer(peer, environment);
    for (const files of cases.filter((c) => c.labels !== 'all' && (!c.generated || named))) {
      progress(`${peer} on ${files.name}`);
      const row = await comparePeer(engine, files, preset, peer, environment);
      progress(`${row.oursMs.toFixed(1)} ms, ${peer} ${row.peerMs.toFixed(0)} ms: ${row.ratio.toFixed(1)} times`);
      rows.push(row);
    }
  }
  engine.destroy();
  return rows;
}

async function benchAnts({ adapter, peerEnv, case: cases, op, iterations }: Options): Promise<AntsRow[]> {
  if (!hasPeers()) {
    progress('no peers: their scripts are not in ../shared/peers');
    return [];
  }
  const environment = join(peerEnv, 'ants');
  progress('installing ANTsPy and SimpleITK where they are missing');
  await ensurePeer('ants', environment);
  const engine = await createEngine({ adapter });
  const options = { cases, operations: op, environment, iterations: Number(iterations) };
  const rows = await compareAnts(engine, options, progress);
  engine.destroy();
  return rows;
}

async function run(sections: readonly string[], options: Options): Promise<void> {
  const wants = (section: string) => sections.length === 0 || sections.includes(section);
  const chosen = ({ name }: CaseFiles) => !options.case || options.case.includes(name);
  const repeats = Number(options.repeats);
  const probe = await createEngine({ adapter: options.adapter });
  const { adapter, driver, software, limits } = probe.caps;
  probe.destroy();
  const report: Report = {
    machine: {
      version,
      node: process.version,
      cpu: cpus()[0]?.model,
      cores: cpus().length,
      memory: totalmem(),
      adapter,
      driver,
      software,
      limits,
    },
  };
  printTable('Machine', [{ adapter, driver, cores: cpus().length, cpu: cpus()[0]?.model ?? '' }]);
  if (['peaks', 'kernels', 'stages'].some(wants)) await benchGpu(report, wants, repeats, options);
  await withGeneratedCases(async (generated) => {
    const cases = [...recordedCases(), ...generated].filter(chosen);
    if (wants('cases')) {
      report.cases = [];
      for (const files of cases) {
        progress(`case ${files.name}`);
        report.cases.push(await benchCase(files, options.preset, repeats, options.adapter));
      }
      printTable('Cases (file to row)', report.cases);
    }
    const peers: PeerName[] = [
      ...(options.peers ? (['pyradiomics'] as const) : []),
      ...(options.flash ? (['flash_radiomics'] as const) : []),
    ];
    if (peers.length > 0) {
      report.peers = await benchPeers(cases, peers, options);
      printTable('Peers (same run)', report.peers);
    }
  });
  if (options.ants) {
    report.ants = await benchAnts(options);
    printTable('N4 and resampling (same run, memory to memory)', report.ants);
  }
  if (options.json) await writeAtomically(options.json, `${JSON.stringify(report, null, 2)}\n`);
}

const collect = (value: string, all: string[] = []) => [...all, value];
const bench = new Command('bench');
bench
  .command('memory <image> <mask> <labels> <preset> [adapter]', { hidden: true })
  .action((image: string, mask: string, labels: string, preset: BenchPreset, adapter?: string) =>
    printPeakMemory(image, mask, labels, preset, adapter),
  );
bench
  .command('run', { isDefault: true })
  .argument(
    '[sections...]',
    'peaks, kernels, stages, cases (default: all); with stages: names of stages (default: all)',
  )
  .addOption(
    new Option('--preset <name>', 'what cases compute').choices(Object.keys(benchPresets)).default('pyradiomics'),
  )
  .option('--case <name>', 'only this case; may be repeated', collect)
  .option('--stage <name>', `only this stage (${Object.keys(stages).join(', ')}); may be repeated`, collect)
  .option('--size <DxHxW>', 'with the stage nn: a size of its volumes (default: 64x64x64); may be repeated', collect)
  .option('--variant <name>', `with the stage nn: only this network (${variants.join(', ')}); may be repeated`, collect)
  .option('--repeats <n>', 'warm runs', '10')
  .option('--json <file>', 'write everything as JSON')
  .option('--adapter <name>', 'as in voxomics extract')
  .option(
    '--peers',
    'time PyRadiomics on the recorded cases in the same run (on generated ones where --case names them)',
  )
  .option('--flash', 'time flash-radiomics likewise')
  .option('--ants', 'time ANTsPy, SimpleITK and the numpy twin of N4 beside N4 and resampling in the same run')
  .option('--op <name>', 'with --ants: only this operation; may be repeated', collect)
  .option('--iterations <n>', 'with --ants: iterations from which the peers of n4_shrink1 are extrapolated', '2')
  .option('--peer-env <folder>', 'where the peers are installed', join(tmpdir(), 'voxomics-peers'))
  .action(run);
await bench.parseAsync();
process.stdout.write('', () => process.exit());
