/** `voxomics extract IMAGE MASK`. */
import { extname } from 'node:path';
import { Command, Option } from 'commander';
import type { FeatureClass } from '../../../pipeline/classes.ts';
import { PipelineError } from '../../../pipeline/errors.ts';
import type { Row } from '../../../pipeline/row.ts';
import { presetNames } from '../../../pipeline/presets.ts';
import { parseSettingText, type SettingsInput } from '../../../pipeline/settings.ts';
import { formatRows, parquetRows, type TextFormat } from '../../format/table.ts';
import { readParams } from '../params.ts';
import { extractFiles } from '../extract-files.ts';
import { writeAtomically } from '../write.ts';
import { parseRegions } from './regions.ts';
import { preprocessSteps, type StepFlags, stepFlags } from './stage-options.ts';
import { type EngineFlags, engineOptions, withEngine } from './with-engine.ts';

const formats = ['json', 'csv', 'txt', 'parquet'] as const;
type Format = (typeof formats)[number];

interface Options extends EngineFlags, StepFlags {
  readonly label?: readonly string[];
  readonly setting?: readonly string[];
  readonly params?: string;
  readonly classes?: string;
  readonly format?: Format;
  readonly output?: string;
}

const collect = (value: string, all: readonly string[] = []) => [...all, value];

export function extractCommand(): Command {
  const command = new Command('extract')
    .description('extract features, one row per region')
    .argument('<image>', 'NIfTI, NRRD or MetaImage')
    .argument('<mask>', 'label map on the same grid')
    .option(
      '-l, --label <N|N+M|all>',
      'a label, a union of labels, or all; may be repeated (default: setting label, 1)',
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
  return engineOptions(stepFlags(command));
}

/** Format asked for, else by the output's ending, else JSON. */
function chooseFormat({ format, output }: Options): Format {
  if (format) return format;
  const ending = output ? extname(output).slice(1).toLowerCase() : 'json';
  const known = formats.find((f) => f === ending);
  if (known) return known;
  throw new PipelineError('BadSetting', `the ending of ${output} names no format; pass --format ${formats.join('|')}`);
}

async function run(imagePath: string, maskPath: string, options: Options): Promise<void> {
  const format = chooseFormat(options);
  if (format === 'parquet' && !options.output)
    throw new PipelineError('BadSetting', 'parquet is binary; name a file with --output');
  const labels = parseRegions(options.label);
  const params = options.params === undefined ? null : await readParams(options.params);
  const settings: SettingsInput = Object.assign({}, params?.settings, ...(options.setting ?? []).map(parseSettingText));
  const named = options.classes?.split(',').map((c) => c.trim()) as FeatureClass[] | undefined;
  const classes = named ?? params?.classes;
  const preprocess = await preprocessSteps(options);
  await withEngine(options, async ({ engine, signal, onProgress }) => {
    const rows = await extractFiles(engine, imagePath, maskPath, {
      preprocess,
      labels,
      settings,
      imageTypes: params?.imageTypes,
      classes,
      signal,
      onProgress,
    });
    await output(rows, format, options.output);
  });
}

async function output(rows: readonly Row[], format: Format, path: string | undefined): Promise<void> {
  const content = format === 'parquet' ? new Uint8Array(parquetRows(rows)) : formatRows(rows, format as TextFormat);
  if (path) await writeAtomically(path, content);
  else await new Promise((resolve) => process.stdout.write(content, resolve));
}
