/** `voxomics deep IMAGE [MASK]`. */
import { Command, Option } from 'commander';
import { PipelineError } from '../../../pipeline/errors.ts';
import { deepSize } from '../../../pipeline/nn/deep.ts';
import { deepFeatures } from '../../../pipeline/nn/deep-features.ts';
import { inputSettings } from '../../../pipeline/nn/input.ts';
import { hasSteps } from '../../../pipeline/preprocess.ts';
import type { ImageGrid } from '../../../pipeline/volume.ts';
import { toVolume } from '../../format/index.ts';
import { readCases } from '../cases.ts';
import { type ExtractFilesOptions, extractFiles } from '../extract-files.ts';
import { readImageFile } from '../read.ts';
import { type DeepFlags, deepFlags, deepInput, openDeep, showMemory } from './deep-options.ts';
import { cohortLeft, extractCohort, isCohort } from './cohort.ts';
import { type ImageFlags, imageChoice, imageFlags, imageUsage } from './image-options.ts';
import { type MaskFlags, maskChoice, maskFlags, maskUsage, showNotes } from './mask-options.ts';
import { collect } from './parse.ts';
import { parseRegions } from './regions.ts';
import { checkOutput, chooseFormat, reportFailed, writeRows } from './rows.ts';
import { preprocessSteps, type StepFlags, stepFlags } from './stage-options.ts';
import { type EngineFlags, engineOptions, withEngine } from './with-engine.ts';

const formats = ['json', 'csv', 'parquet'] as const;

interface Options extends EngineFlags, ImageFlags, MaskFlags, StepFlags, DeepFlags {
  readonly raw?: boolean;
  readonly label?: readonly string[];
  readonly format?: (typeof formats)[number];
  readonly output?: string;
}

export function deepCommand(): Command {
  const command = new Command('deep')
    .description('features of a 3D ResNet18, one row per region, of one case or of a cohort')
    .argument('<image>', `${imageUsage}; or a .csv file with the columns Image, Mask and perhaps Label of each case`)
    .argument('[mask]', `${maskUsage}, on the same grid (default: the whole image)`)
    .option('--raw', 'the network gets the image as it is: no crop, no resizing, no normalisation')
    .option(
      '-l, --label <N|N+M|all>',
      'a label, a union of labels, or all; may be repeated (default: 1; of DICOM masks every region)',
      collect,
    )
    .addOption(
      new Option('-f, --format <format>', 'of the rows (default: by the ending of --output, else json)').choices([
        ...formats,
      ]),
    )
    .option('-o, --output <file>', 'write the rows to a file instead of printing them')
    .action(run);
  return engineOptions(stepFlags(imageFlags(maskFlags(deepFlags(command))))).addHelpText(
    'after',
    `
Weights are the files that MedicalNet, MONAI and torchvision publish (docs/weights.md says where); voxomics weights inspect FILE
says which network a file fits.

Examples:
  voxomics deep image.nii.gz mask.nii.gz --arch medicalnet --weights resnet_18_23dataset.pth -o deep.csv
  voxomics deep image.nii.gz mask.nii.gz --arch medicalnet --weights hash:demo      made-up weights, to try it
  voxomics deep image.nii.gz --arch monai --weights FILE                            without a mask: the whole image
  voxomics deep cases.csv --arch medicalnet --weights FILE --label all -o deep.parquet`,
  );
}

/** What a mask, or its absence, leaves without a meaning. */
function checkOptions(maskPath: string | undefined, cohort: boolean, options: Options): void {
  const { raw, region, threshold, geometry, label } = options;
  if (cohort && raw) throw new PipelineError('BadSetting', '--raw is for single images; pass a mask or one image');
  if (raw && maskPath !== undefined)
    throw new PipelineError('BadSetting', '--raw feeds the image as it is, without a mask; leave out one of them');
  if (cohort || maskPath !== undefined) return;
  const needed = Object.entries({ region, threshold, geometry, label });
  const unused = needed.find(([, value]) => value !== undefined)?.[0];
  if (unused) throw new PipelineError('BadSetting', `--${unused} needs a mask; pass it after the image`);
}

async function run(imagePath: string, maskPath: string | undefined, options: Options, command: Command): Promise<void> {
  const cohort = isCohort(imagePath);
  if (cohort && maskPath !== undefined)
    command.error('error: a .csv file of cases names the masks itself; found a mask beside it');
  if (cohort && !options.output)
    command.error('error: a cohort is written to a file, with finished cases kept beside it; pass --output');
  checkOptions(maskPath, cohort, options);
  const format = chooseFormat(options);
  const labels = parseRegions(options.label);
  const [image, mask] = [imageChoice(options), maskChoice(options)];
  // What can be refused is refused before anything is read.
  inputSettings(deepInput(options));
  const cases = cohort ? await readCases(imagePath) : null;
  if (options.output) await checkOutput(options.output, [imagePath, maskPath]);
  await withEngine(
    options,
    async (bench) => {
      const { engine, signal, onProgress } = bench;
      const deep = await openDeep(engine, options);
      if (!cases && maskPath === undefined) {
        const volume = toVolume(await readImageFile(imagePath, image));
        const [width, height, depth] = volume.size;
        showMemory(engine, deep.network, options.raw ? [depth, height, width] : deepSize(volume, deep));
        const steps = await preprocessSteps(options, volume);
        const preprocess = hasSteps(steps) ? steps : undefined;
        const rows = await deepFeatures(engine, volume, null, {
          ...deep,
          raw: options.raw,
          preprocess,
          signal,
          onProgress,
        });
        return writeRows(rows, format, options.output);
      }
      showMemory(engine, deep.network, inputSettings(deep).size);
      const choices: ExtractFilesOptions = {
        image,
        mask,
        preprocess: (grid: ImageGrid) => preprocessSteps(options, grid),
        geometry: options.geometry,
        labels,
        classes: [],
        deep,
        signal,
        onProgress,
      };
      if (cases) return extractCohort(bench, cases, choices, format, options);
      const rows = await extractFiles(engine, imagePath, maskPath as string, choices);
      showNotes(new Set(rows.flatMap((row) => (row['voxomics_notes'] ?? []) as string[])));
      await writeRows(rows, format, options.output);
      reportFailed(rows);
    },
    cases ? cohortLeft : undefined,
  );
}
