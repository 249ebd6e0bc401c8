/** `voxomics extract IMAGE MASK`. */
import { Command, Option } from 'commander';
import {
  type ClassSelection,
  type FeatureClass,
  featureClasses,
  pyradiomicsClasses,
  wantedFeatures,
} from '../../../pipeline/classes.ts';
import { PipelineError } from '../../../pipeline/errors.ts';
import { type ImageTypeSelection, wantedImageTypes } from '../../../pipeline/image-types.ts';
import { inputSettings } from '../../../pipeline/nn/input.ts';
import { presetNames } from '../../../pipeline/presets.ts';
import { parseSettings, parseSettingText, type SettingsInput } from '../../../pipeline/settings.ts';
import type { ImageGrid } from '../../../pipeline/volume.ts';
import { readParams } from '../params.ts';
import { type Case, readCases } from '../cases.ts';
import { extractFiles } from '../extract-files.ts';
import { imageSaver } from '../save-images.ts';
import { checkCases } from '../validate.ts';
import { type ImageFormat, imageEndings } from '../write-image.ts';
import { makeFolder } from '../write.ts';
import { cohortLeft, extractCohort, isCohort } from './cohort.ts';
import { type ImageFlags, imageChoice, imageFlags, imageUsage } from './image-options.ts';
import { type MaskFlags, maskChoice, maskFlags, maskUsage, showNotes } from './mask-options.ts';
import { besideFlags, type DeepFlags, deepInput, openDeep, parseDeep, showMemory } from './deep-options.ts';
import { collect } from './parse.ts';
import { checkOutput, chooseFormat, type RowsFormat, reportFailed, rowsFormats, writeRows } from './rows.ts';
import { parseRegions } from './regions.ts';
import { preprocessSteps, type StepFlags, stepFlags } from './stage-options.ts';
import { type EngineFlags, engineOptions, withEngine } from './with-engine.ts';

interface Options extends EngineFlags, ImageFlags, MaskFlags, StepFlags {
  readonly label?: readonly string[];
  readonly setting?: readonly string[];
  readonly params?: string;
  readonly classes?: string;
  readonly format?: RowsFormat;
  readonly output?: string;
  readonly validate?: boolean;
  readonly saveImages?: string;
  readonly imageFormat: ImageFormat;
  readonly deep?: string;
  readonly weights?: string;
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
        ...rowsFormats,
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
  return engineOptions(besideFlags(stepFlags(imageFlags(maskFlags(command))))).addHelpText(
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
  const labels = parseRegions(options.label);
  const overrides: SettingsInput = Object.assign({}, ...(options.setting ?? []).map(parseSettingText));
  const params = options.params === undefined ? null : await readParams(options.params, overrides);
  const settings: SettingsInput = { ...params?.settings, ...overrides };
  const named = options.classes?.split(',').map((c) => c.trim()) as FeatureClass[] | undefined;
  const classes = named ?? params?.classes;
  const [image, mask] = [imageChoice(options), maskChoice(options)];
  const { saveImages, imageFormat } = options;
  const deep = deepFlagsOf(options);
  // What can be refused is refused before anything is read.
  if (deep) inputSettings(deepInput(deep));
  if (options.validate) return validateInput(imagePath, maskPath, settings, params?.imageTypes, classes);
  const cases = maskPath === undefined ? await readCases(imagePath) : null;
  if (options.output) await checkOutput(options.output, [imagePath, maskPath]);
  if (saveImages !== undefined) await makeFolder(saveImages);
  await withEngine(
    options,
    async (bench) => {
      const opened = deep && (await openDeep(bench.engine, deep));
      if (opened) showMemory(bench.engine, opened.network, inputSettings(opened).size);
      const choices = {
        image,
        mask,
        preprocess: (volume: ImageGrid) => preprocessSteps(options, volume),
        geometry: options.geometry,
        labels,
        settings,
        imageTypes: params?.imageTypes,
        classes,
        deep: opened,
        signal: bench.signal,
        onProgress: bench.onProgress,
      };
      if (cases) return extractCohort(bench, cases, choices, format, options);
      const onImage = saveImages === undefined ? undefined : imageSaver(saveImages, imageFormat);
      const rows = await extractFiles(bench.engine, imagePath, maskPath as string, { ...choices, onImage });
      showNotes(new Set(rows.flatMap((row) => (row['voxomics_notes'] ?? []) as string[])));
      await writeRows(rows, format, options.output);
      reportFailed(rows);
    },
    cases ? cohortLeft : undefined,
  );
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

/** The flags behind `--deep`. @throws PipelineError BadSetting where `--weights` stands alone or is missing */
function deepFlagsOf({ deep, weights }: Options): DeepFlags | undefined {
  if (deep !== undefined) return parseDeep(deep, weights);
  if (weights !== undefined) throw new PipelineError('BadSetting', '--weights needs --deep; pass the network');
  return undefined;
}
