/** `npm run bench`: peaks, kernels, cases, peers; tables on standard output, everything in JSON. */
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { createEngine } from '../src/host/node/adapters.ts';
import { writeAtomically } from '../src/host/node/write.ts';
import { version } from '../src/version.ts';
import {
  benchCase,
  type CaseFiles,
  type CaseRow,
  printPeakMemory,
  recordedCases,
  withGeneratedCases,
} from './cases.ts';
import { benchKernels, type KernelRow } from './kernels.ts';
import { measurePeaks, type Peaks } from './peaks.ts';
import { comparePeer, ensurePeer, hasPeers, type PeerName, type PeerRow } from './peers.ts';
import { printTable } from './table.ts';

interface Options {
  readonly case?: string[];
  readonly repeats: string;
  readonly json?: string;
  readonly adapter?: string;
  readonly peers?: boolean;
  readonly flash?: boolean;
  readonly peerEnv: string;
}

interface Report {
  readonly machine: object;
  peaks?: Peaks;
  kernels?: KernelRow[];
  cases?: CaseRow[];
  peers?: PeerRow[];
}

const progress = (line: string) => void process.stderr.write(`bench: ${line}\n`);

async function benchGpu(
  report: Report,
  wants: (section: string) => boolean,
  repeats: number,
  adapter?: string,
): Promise<void> {
  const engine = await createEngine({ adapter, profile: true });
  if (!engine.caps.timestamps) progress('this adapter has no timestamp queries: kernels are not timed');
  report.peaks = await measurePeaks(engine);
  printTable('Peaks', [report.peaks]);
  if (wants('kernels') && engine.caps.timestamps) {
    report.kernels = await benchKernels(engine, report.peaks, repeats, progress);
    printTable('Kernels (GPU time)', report.kernels);
  }
  engine.destroy();
}

async function benchPeers(
  cases: readonly CaseFiles[],
  names: readonly PeerName[],
  { adapter, peerEnv, case: named }: Options,
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
      rows.push(await comparePeer(engine, files, peer, environment));
    }
  }
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
  if (wants('peaks') || wants('kernels')) await benchGpu(report, wants, repeats, options.adapter);
  await withGeneratedCases(async (generated) => {
    const cases = [...recordedCases(), ...generated].filter(chosen);
    if (wants('cases')) {
      report.cases = [];
      for (const files of cases) {
        progress(`case ${files.name}`);
        report.cases.push(await benchCase(files, repeats, options.adapter));
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
  if (options.json) await writeAtomically(options.json, `${JSON.stringify(report, null, 2)}\n`);
}

const collect = (value: string, all: string[] = []) => [...all, value];
const bench = new Command('bench');
bench
  .command('memory <image> <mask> <labels> [adapter]', { hidden: true })
  .action((image: string, mask: string, labels: string, adapter?: string) =>
    printPeakMemory(image, mask, labels, adapter),
  );
bench
  .command('run', { isDefault: true })
  .argument('[sections...]', 'peaks, kernels, cases (default: all)')
  .option('--case <name>', 'only this case; may be repeated', collect)
  .option('--repeats <n>', 'warm runs', '10')
  .option('--json <file>', 'write everything as JSON')
  .option('--adapter <name>', 'as in voxomics extract')
  .option(
    '--peers',
    'time PyRadiomics on the recorded cases in the same run (on generated ones where --case names them)',
  )
  .option('--flash', 'time flash-radiomics likewise')
  .option('--peer-env <folder>', 'where the peers are installed', join(tmpdir(), 'voxomics-peers'))
  .action(run);
await bench.parseAsync();
process.stdout.write('', () => process.exit());
