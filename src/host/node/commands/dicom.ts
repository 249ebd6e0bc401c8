/** `voxomics dicom list PATH…`. */
import { Command } from 'commander';
import type { SeriesInfo, SeriesListing } from '../../format/dicom/series.ts';
import { findSeries } from '../dicom-source.ts';

export function dicomCommand(): Command {
  return new Command('dicom').description('look into DICOM files').addCommand(listCommand());
}

function listCommand(): Command {
  return new Command('list')
    .description('list the image series and masks in folders, zip archives or files; nothing of the patient')
    .argument('<path...>', 'folders, zip archives or DICOM files')
    .option('--json', 'as JSON')
    .action(async (paths: readonly string[], { json }: { json?: boolean }) => {
      const listing = await findSeries(paths);
      process.stdout.write(json ? `${JSON.stringify(listing, null, 2)}\n` : describe(listing));
    });
}

/** Six significant digits. */
const shown = (x: number): string => String(Number(x.toPrecision(6)));

const columns: readonly (readonly [string, (series: SeriesInfo) => string])[] = [
  ['no.', ({ number }) => String(number ?? '-')],
  ['modality', ({ modality }) => modality || '-'],
  ['description', ({ description }) => description || '-'],
  ['slices', ({ slices }) => String(slices)],
  ['phases', ({ phases }) => String(phases.length)],
  ['size', ({ size }) => size.join(' x ')],
  ['spacing (mm)', ({ spacing }) => spacing?.map(shown).join(' x ') ?? '-'],
  ['series UID', ({ uid }) => uid],
];

/** What does not fit into a line of the table. */
function details({ phases, problems, inverted }: SeriesInfo): string[] {
  return [
    ...(phases.length > 1 ? phases.map((label, n) => `phase ${n + 1}: ${label}`) : []),
    ...(inverted ? ['MONOCHROME1: low values are bright; --invert-monochrome1 turns them round'] : []),
    ...problems.map((problem) => `problem: ${problem}`),
  ];
}

function table(series: readonly SeriesInfo[]): string[] {
  const cells = [columns.map(([title]) => title), ...series.map((s) => columns.map(([, value]) => value(s)))];
  const widths = columns.map((_, i) => cells.reduce((most, row) => Math.max(most, row[i]!.length), 0));
  const lines = cells.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
  const [head, ...rows] = lines as [string, ...string[]];
  return [head, ...rows.flatMap((row, i) => [row, ...details(series[i]!).map((line) => `     ${line}`)])];
}

const counted = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

function describe({ series, others, damaged, foreign }: SeriesListing): string {
  const lines = series.length > 0 ? table(series) : ['no image series'];
  const masks = others.filter(({ regions }) => regions);
  for (const { name, what, regions } of masks)
    lines.push('', `mask ${name} (${what}):`, ...regions!.map((region) => `     ${region.number}  ${region.name}`));
  const rest = Map.groupBy(
    others.filter(({ regions }) => !regions),
    ({ what }) => what,
  );
  const elsewhere = [
    ...[...rest].map(([what, objects]) => `${objects.length} ${what}`),
    ...(foreign > 0 ? [counted(foreign, 'file that is not DICOM', 'files that are not DICOM')] : []),
  ];
  if (elsewhere.length > 0) lines.push('', `also there: ${elsewhere.join(', ')}`);
  if (damaged.length > 0)
    lines.push(
      '',
      `${counted(damaged.length, 'file', 'files')} that cannot be read:`,
      ...damaged.map((d) => `     ${d}`),
    );
  return `${lines.join('\n')}\n`;
}
