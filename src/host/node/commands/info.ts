/** `voxomics info`: adapters, features, limits, what is missing and how to get it. */
import { Command } from 'commander';
import { type Caps, Engine, type MatrixShape } from '../../../engine/index.ts';
import { version } from '../../../version.ts';
import { candidates, openCandidate } from '../adapters.ts';

interface AdapterReport {
  readonly kind: string;
  readonly default: boolean;
  readonly missing: string | null;
  readonly caps: Caps | null;
}

export function infoCommand(): Command {
  return new Command('info')
    .description('list adapters with their features and limits, and what is missing')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const adapters = await report();
      process.stdout.write(
        json ? `${JSON.stringify({ version, node: process.version, adapters }, null, 2)}\n` : describe(adapters),
      );
      if (!adapters.some((a) => a.caps)) process.exitCode = 3;
    });
}

async function report(): Promise<AdapterReport[]> {
  const reports: AdapterReport[] = [];
  for (const candidate of candidates()) {
    const found = await openCandidate(candidate);
    if (typeof found === 'string') {
      reports.push({ kind: candidate.kind, default: false, missing: found, caps: null });
      continue;
    }
    const engine = await Engine.open(found.adapter, { keepAlive: found.instance });
    reports.push({ kind: candidate.kind, default: !reports.some((r) => r.caps), missing: null, caps: engine.caps });
    engine.destroy();
  }
  return reports;
}

const size = (bytes: number) =>
  bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${(bytes / 2 ** 20).toFixed(0)} MiB`;

const describeShape = ({ component, result, m, n, k }: MatrixShape) => `${m}x${n}x${k} ${component} to ${result}`;

function describe(adapters: readonly AdapterReport[]): string {
  const lines = [`voxomics ${version}, Node ${process.version}, ${process.platform} ${process.arch}`, ''];
  for (const { kind, caps, missing, default: chosen } of adapters) {
    if (!caps) {
      lines.push(`  ${kind.padEnd(12)} not available: ${missing}`, '');
      continue;
    }
    const features = [
      caps.subgroups ? `subgroups (${caps.subgroupSizes.join('-')})` : '',
      caps.f16 ? 'f16' : '',
      caps.matrices.length > 0 ? `subgroup matrices (${caps.matrices.map(describeShape).join(', ')})` : '',
      caps.timestamps ? 'timestamps' : '',
    ].filter(Boolean);
    const {
      maxStorageBufferBindingSize,
      maxBufferSize,
      maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupStorageSize,
    } = caps.limits;
    lines.push(
      `${chosen ? '*' : ' '} ${kind.padEnd(12)} ${caps.driver || caps.adapter}${caps.software ? ' (runs on the CPU)' : ''}`,
      `  ${''.padEnd(12)} features: ${features.join(', ') || 'none of the optional ones'}`,
      `  ${''.padEnd(12)} limits: binding ${size(maxStorageBufferBindingSize)}, buffer ${size(maxBufferSize)}, workgroup ${maxComputeInvocationsPerWorkgroup} invocations, ${maxComputeWorkgroupStorageSize / 1024} KiB shared`,
      '',
    );
  }
  lines.push('* is used unless --adapter or VOXOMICS_ADAPTER says otherwise.', '');
  return lines.join('\n');
}
