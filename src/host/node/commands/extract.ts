/** `voxomics extract IMAGE MASK`. */
import { extname, resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { Engine } from '../../../engine/index.ts';
import {
  type ClassSelection,
  type FeatureClass,
  featureClasses,
  pyradiomicsClasses,
  wantedFeatures,
} from '../../../pipeline/classes.ts';
import { PipelineError } from '../../../pipeline/errors.ts';
import { type ImageTypeSelection, wantedImageTypes } from '../../../pipeline/image-types.ts';
import type { Row } from '../../../pipeline/row.ts';
import { presetNames } from '../../../pipeline/presets.ts';
import { parseSettings, parseSettingText, type SettingsInput } from '../../../pipeline/settings.ts';
import type { UsedImage } from '../../../pipeline/used-images.ts';
import type { ImageGrid } from '../../../pipeline/volume.ts';
import { formatRows, parquetRows, type TextFormat } from '../../format/table.ts';
import { readParams } from '../params.ts';
import { type Case, readCases } from '../cases.ts';
import { extractCases } from '../extract-cases.ts';
import { type ExtractFilesOptions, extractFiles } from '../extract-files.ts';
import { openJournal } from '../journal.ts';
import { caseFolder, imageSaver } from '../save-images.ts';
import { checkCases } from '../validate.ts';
import { type ImageFormat, imageEndings } from '../write-image.ts';
import { checkPlace, makeFolder, writeAtomically } from '../write.ts';
import { type ImageFlags, imageChoice, imageFlags, imageUsage } from './image-options.ts';
import { type MaskFlags, maskChoice, maskFlags, maskUsage, showNotes } from './mask-options.ts';
import { collect } from './parse.ts';
import { parseRegions } from './regions.ts';
import { preprocessSteps, type StepFlags, stepFlags } from './stage-options.ts';
import { type EngineFlags, engineOptions, type Workbench, withEngine } from './with-engine.ts';

/** Exit status where all rows are written, and some have an error in place of features. */
const FAILED_ROWS = 5;

const formats = ['json', 'csv', 'txt', 'parquet'] as const;
type Format = (typeof formats)[number];

interface Options extends EngineFlags, ImageFlags, MaskFlags, StepFlags {
  readonly label?: readonly string[];
  readonly setting?: readonly string[];
  readonly params?: string;
  readonly classes?: string;
  readonly format?: Format;
  readonly output?: string;
  readonly validate?: boolean;
  readonly saveImages?: string;
  readonly imageFormat: ImageFormat;
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
      'a PyRadiomics setting, e.g. binWidth=10, in place of that of --params; may be repeated',
      collect,
    )
    .option(
      '-c, --classes <a,b>',
      `feature classes, PyRadiomics’ ${pyradiomicsClasses.join(',')} (default: all of them but shape2D) and IBSI’s ${featureClasses.filter((name) => !pyradiomicsClasses.includes(name)).join(',')}`,
    )
    .addOption(
      new Option('-f, --format <format>', 'of the rows (default: by the ending of --output, else json)').choices([
        ...formats,
      ]),
    )
    .option('-o, --output <file>', 'write the rows to a file instead of printing them')
    .option(
      '--save-images <folder>',
      'write the images that features are computed on, whole, by PyRadiomics’ names (wavelet-LLH); of a cohort a folder per case',
    )
    .addOption(
      new Option('--image-format <format>', 'of --save-images').choices(Object.keys(imageEndings)).default('nifti'),
    )
    .option('--validate', 'only check the options, the parameter file and that all files of images and masks are there')
    .action(run);
  return engineOptions(stepFlags(imageFlags(maskFlags(command)))).addHelpText(
    'after',
    `
Exit status: 0 done, 1 bad input, 2 bad command line, 3 GPU failure, 5 all rows written, some with voxomics_error in place of features.

Examples:
  voxomics extract image.nii.gz mask.nii.gz -p guo2024-a -o rows.csv
  voxomics extract cases.csv -p params.yaml --validate           are all files there, is the parameter file right?
  voxomics extract cases.csv -p params.yaml -o rows.csv          goes on where it was interrupted
  voxomics extract image.nrrd mask.nrrd -p params.yaml --save-images images --image-format nrrd`,
  );
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
function checkArguments(
  command: Command,
  imagePath: string,
  maskPath: string | undefined,
  { output, validate }: Options,
): void {
  if (!isCohort(imagePath)) {
    if (maskPath === undefined)
      command.error('error: expected an image and a mask, or a .csv file of cases; found one image');
    return;
  }
  if (maskPath !== undefined)
    command.error('error: a .csv file of cases names the masks itself; found a mask beside it');
  if (!output && !validate)
    command.error('error: a cohort is written to a file, with finished cases kept beside it; pass --output');
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
  if (options.validate) return validateInput(imagePath, maskPath, settings, params?.imageTypes, classes);
  const { saveImages, imageFormat } = options;
  if (options.output) await checkOutput(options.output, [imagePath, maskPath]);
  if (saveImages !== undefined) await makeFolder(saveImages);
  await withEngine(
    options,
    async (bench) => {
      const choices = {
        image,
        mask,
        preprocess: (volume: ImageGrid, engine: Engine) => preprocessSteps(options, engine, volume),
        geometry: options.geometry,
        labels,
        settings,
        imageTypes: params?.imageTypes,
        classes,
        signal: bench.signal,
        onProgress: bench.onProgress,
      };
      if (maskPath === undefined) return extractCohort(bench, imagePath, choices, format, options);
      const onImage = saveImages === undefined ? undefined : imageSaver(saveImages, imageFormat);
      const rows = await extractFiles(bench.engine, imagePath, maskPath, { ...choices, onImage });
      showNotes(new Set(rows.flatMap((row) => (row['voxomics_notes'] ?? []) as string[])));
      await output(rows, format, options.output);
      reportFailed(rows);
    },
    maskPath === undefined ? 'finished cases are kept: the same command goes on from there' : undefined,
  );
}

/** @throws PipelineError where the rows cannot be written, or would replace what they are made of */
async function checkOutput(path: string, inputs: readonly (string | undefined)[]): Promise<void> {
  if (inputs.some((input) => input !== undefined && resolve(input) === resolve(path)))
    throw new PipelineError('BadSetting', '--output: this file is the input; choose another name');
  await checkPlace(path);
}

/** Checks what can be checked without computing, and says so. */
async function validateInput(
  imagePath: string,
  maskPath: string | undefined,
  settings: SettingsInput,
  imageTypes: ImageTypeSelection | undefined,
  classes: ClassSelection | undefined,
): Promise<void> {
  parseSettings(settings);
  const types = wantedImageTypes(imageTypes, settings);
  const wanted = wantedFeatures(classes);
  const cases: Pick<Case, 'image' | 'mask'>[] =
    maskPath === undefined ? await readCases(imagePath) : [{ image: imagePath, mask: maskPath }];
  await checkCases(cases);
  const found = cases.length === 1 ? '1 case' : `${cases.length} cases`;
  process.stdout.write(
    `correct: ${found}. Image types: ${types.map(({ name }) => name).join(', ')}. Feature classes: ${[...wanted.keys()].join(', ')}\n`,
  );
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
  const { saveImages, imageFormat } = options;
  const onImage =
    saveImages === undefined
      ? undefined
      : (image: UsedImage, index: number) =>
          imageSaver(caseFolder(saveImages, index, cases.length), imageFormat)(image);
  const rows = await extractCases(engine, cases, { ...choices, onImage, journal, renew: makeEngine });
  await output(rows, format, target);
  await journal.remove();
  reportFailed(rows);
}

/** Says how many rows have no features, and gives the program a status of its own then. */
function reportFailed(rows: readonly Row[]): void {
  const failed = rows.filter((row) => 'voxomics_error' in row).length;
  if (failed === 0) return;
  process.stderr.write(`voxomics: ${failed} of ${rows.length} rows have no features; see voxomics_error\n`);
  process.exitCode = FAILED_ROWS;
}

async function output(rows: readonly Row[], format: Format, path: string | undefined): Promise<void> {
  const content = format === 'parquet' ? new Uint8Array(parquetRows(rows)) : formatRows(rows, format as TextFormat);
  if (path) await writeAtomically(path, content);
  else await new Promise((resolve) => process.stdout.write(content, resolve));
}
