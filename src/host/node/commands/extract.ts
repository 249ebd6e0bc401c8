/** `voxomics extract IMAGE MASK`. */
import { extname } from 'node:path';
import { Command, Option } from 'commander';
import type { FeatureClass } from '../../../pipeline/classes.ts';
import { PipelineError } from '../../../pipeline/errors.ts';
import type { Row } from '../../../pipeline/row.ts';
import { presetNames } from '../../../pipeline/presets.ts';
import { parseSettingText, type SettingsInput } from '../../../pipeline/settings.ts';
import type { ImageGrid } from '../../../pipeline/volume.ts';
import { formatRows, parquetRows, type TextFormat } from '../../format/table.ts';
import { readParams } from '../params.ts';
import { readCases } from '../cases.ts';
import { extractCases } from '../extract-cases.ts';
import { type ExtractFilesOptions, extractFiles } from '../extract-files.ts';
import { openJournal } from '../journal.ts';
import { writeAtomically } from '../write.ts';
import { type ImageFlags, imageChoice, imageFlags, imageUsage } from './image-options.ts';
import { type MaskFlags, maskChoice, maskFlags, maskUsage, showNotes } from './mask-options.ts';
import { collect } from './parse.ts';
import { parseRegions } from './regions.ts';
import { preprocessSteps, type StepFlags, stepFlags } from './stage-options.ts';
import { type EngineFlags, engineOptions, type Workbench, withEngine } from './with-engine.ts';

const formats = ['json', 'csv', 'txt', 'parquet'] as const;
type Format = (typeof formats)[number];

interface Options extends EngineFlags, ImageFlags, MaskFlags, StepFlags {
  readonly label?: readonly string[];
  readonly setting?: readonly string[];
  readonly params?: string;
  readonly classes?: string;
  readonly format?: Format;
  readonly output?: string;
}

export function extractCommand(): Command {
  const command = new Command('extract')
    .description('extract features, one row per region, of one case or of a cohort')
    .argument('<image>', `${imageUsage}; or a .csv file with the columns Image, Mask and perhaps Label of each case`)
    .argument('[mask]', `${maskUsage}, on the same grid`)
    .option(
      '-l, --label <N|N+M|all>',
      'a label, a union of labels, or all; may be repeated (default: setting label, 1; of DICOM masks every region)',
      collect,
    )
    .option('-p, --params <file|preset>', `PyRadiomics’ parameter file, or a preset: ${presetNames.join(', ')}`)
    .option(
      '-s, --setting <KEY=VALUE>',
      'a PyRadiomics setting, e.g. binWidth=10, before those of --params; may be repeated',
      collect,
    )
    .option(
      '-c, --classes <a,b>',
      'feature classes: shape,shape2D,firstorder,glcm,gldm,glrlm,glszm,ngtdm (default: all but shape2D)',
    )
    .addOption(
      new Option('-f, --format <format>', 'of the rows (default: by the ending of --output, else json)').choices([
        ...formats,
      ]),
    )
    .option('-o, --output <file>', 'write the rows to a file instead of printing them')
    .action(run);
  return engineOptions(stepFlags(imageFlags(maskFlags(command))));
}

/** Format asked for, else by the output's ending, else JSON. */
function chooseFormat({ format, output }: Options): Format {
  if (format) return format;
  const ending = output ? extname(output).slice(1).toLowerCase() : 'json';
  const known = formats.find((f) => f === ending);
  if (known) return known;
  throw new PipelineError('BadSetting', `the ending of ${output} names no format; pass --format ${formats.join('|')}`);
}

const isCohort = (path: string): boolean => extname(path).toLowerCase() === '.csv';

/** @throws CommanderError where the arguments fit neither a case nor a cohort */
function checkArguments(command: Command, imagePath: string, maskPath: string | undefined, { output }: Options): void {
  if (!isCohort(imagePath)) {
    if (maskPath === undefined)
      command.error('error: expected an image and a mask, or a .csv file of cases; found one image');
    return;
  }
  if (maskPath !== undefined)
    command.error('error: a .csv file of cases names the masks itself; found a mask beside it');
  if (!output) command.error('error: a cohort is written to a file, with finished cases kept beside it; pass --output');
}

async function run(imagePath: string, maskPath: string | undefined, options: Options, command: Command): Promise<void> {
  checkArguments(command, imagePath, maskPath, options);
  const format = chooseFormat(options);
  if (format === 'parquet' && !options.output)
    throw new PipelineError('BadSetting', 'parquet is binary; name a file with --output');
  const labels = parseRegions(options.label);
  const params = options.params === undefined ? null : await readParams(options.params);
  const settings: SettingsInput = Object.assign({}, params?.settings, ...(options.setting ?? []).map(parseSettingText));
  const named = options.classes?.split(',').map((c) => c.trim()) as FeatureClass[] | undefined;
  const classes = named ?? params?.classes;
  const [image, mask] = [imageChoice(options), maskChoice(options)];
  await withEngine(options, async (bench) => {
    const choices = {
      image,
      mask,
      preprocess: (volume: ImageGrid) => preprocessSteps(options, volume),
      geometry: options.geometry,
      labels,
      settings,
      imageTypes: params?.imageTypes,
      classes,
      signal: bench.signal,
      onProgress: bench.onProgress,
    };
    if (maskPath === undefined) return extractCohort(bench, imagePath, choices, format, options);
    const rows = await extractFiles(bench.engine, imagePath, maskPath, choices);
    showNotes(new Set(rows.flatMap((row) => (row['voxomics_notes'] ?? []) as string[])));
    await output(rows, format, options.output);
  });
}

/** Extracts the cases of a CSV file; what is finished is kept until the rows are written. */
async function extractCohort(
  { engine, makeEngine }: Workbench,
  path: string,
  choices: ExtractFilesOptions,
  format: Format,
  options: Options,
): Promise<void> {
  const cases = await readCases(path);
  const { output: target, profile, debug, adapter, format: _format, ...work } = options;
  const journal = await openJournal(target as string, {
    cases,
    work,
    params: choices.settings,
    types: choices.imageTypes,
    classes: choices.classes,
  });
  if (journal.finished.size > 0)
    process.stderr.write(`voxomics: ${journal.finished.size} of ${cases.length} cases were finished before\n`);
  const rows = await extractCases(engine, cases, { ...choices, journal, renew: makeEngine });
  await output(rows, format, target);
  await journal.remove();
  const failed = rows.filter((row) => 'voxomics_error' in row).length;
  if (failed > 0)
    process.stderr.write(`voxomics: ${failed} of ${rows.length} rows have no features; see voxomics_error\n`);
}

async function output(rows: readonly Row[], format: Format, path: string | undefined): Promise<void> {
  const content = format === 'parquet' ? new Uint8Array(parquetRows(rows)) : formatRows(rows, format as TextFormat);
  if (path) await writeAtomically(path, content);
  else await new Promise((resolve) => process.stdout.write(content, resolve));
}
