/** `voxomics map IMAGE MASK`. */
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { PipelineError } from '../../../pipeline/errors.ts';
import {
  type FeatureMapOptions,
  featureMaps,
  mapClasses,
  parseMapFeatures,
  type VoxelSettingsInput,
} from '../../../pipeline/map/index.ts';
import { parseSettingText, type SettingsInput } from '../../../pipeline/settings.ts';
import { toMask, toVolume } from '../../format/index.ts';
import { readParams } from '../params.ts';
import { readImageFile } from '../read.ts';
import { type ImageFormat, imageEndings, writeImageFile } from '../write-image.ts';
import { makeFolder } from '../write.ts';
import { parseRegions } from './regions.ts';
import { collect, parseNumber } from './parse.ts';
import { type EngineFlags, engineOptions, withEngine } from './with-engine.ts';

interface Options extends EngineFlags {
  readonly features?: string;
  readonly radius?: string;
  readonly unmasked?: boolean;
  readonly init?: string;
  readonly params?: string;
  readonly label?: readonly string[];
  readonly setting?: readonly string[];
  readonly output: string;
  readonly format: ImageFormat;
}

export function mapCommand(): Command {
  const command = new Command('map')
    .description(
      'feature maps: each voxel of a region gets the features of its neighbourhood (PyRadiomics’ voxel mode)',
    )
    .argument('<image>', 'NIfTI, NRRD or MetaImage')
    .argument('<mask>', 'label map on the same grid')
    .option(
      '--features <a,b:F+G>',
      `classes, each with the wanted features after a colon, as glcm:Contrast+JointEntropy (default: all of ${mapClasses.join(', ')})`,
    )
    .option('--radius <n>', 'voxels from the centre of a neighbourhood to its faces, 1 to 5 (default 1)')
    .option('--unmasked', 'voxels outside the region take part in the neighbourhoods')
    .option(
      '--init <x>',
      'value outside the region; nan is possible, which NRRD keeps and readers of NIfTI make 0 (default 0)',
    )
    .option(
      '-l, --label <N|N+M|all>',
      'a label, a union of labels, or all; may be repeated (default: setting label, 1)',
      collect,
    )
    .option(
      '-p, --params <file>',
      'PyRadiomics’ parameter file: setting, featureClass and voxelSetting are read, before the options given here',
    )
    .option('-s, --setting <KEY=VALUE>', 'a PyRadiomics setting, e.g. binWidth=10; may be repeated', collect)
    .option('-o, --output <folder>', 'where the maps go; made where it is missing', '.')
    .addOption(new Option('-f, --format <format>', 'of the maps').choices(Object.keys(imageEndings)).default('nifti'))
    .addHelpText(
      'after',
      `
Maps are named after PyRadiomics' features, original_glcm_Contrast.nii.gz, with label-N_ before it where several labels are
asked for. They cover the region's box, grown by the radius.`,
    )
    .action(run);
  return engineOptions(command);
}

/** The voxel settings that options name; those of the parameter file stay where none does. */
function voxelSettings({ radius, unmasked, init }: Options): VoxelSettingsInput {
  return {
    ...(radius === undefined ? {} : { kernelRadius: parseNumber('--radius', radius) }),
    ...(unmasked ? { maskedKernel: false } : {}),
    ...(init === undefined ? {} : { initValue: /^nan$/i.test(init) ? Number.NaN : parseNumber('--init', init) }),
  };
}

/** What a parameter file asks for. PyRadiomics' voxel mode passes over shapes. */
async function fileOptions(path: string, overrides: SettingsInput): Promise<FeatureMapOptions> {
  const { settings, imageTypes, classes, voxelSettings: voxels } = await readParams(path, overrides);
  const types = Array.isArray(imageTypes) ? imageTypes : Object.keys(imageTypes);
  const other = types.find((type) => type !== 'Original');
  if (other)
    throw new PipelineError(
      'BadSetting',
      `--params: feature maps are of the original image; found the image type ${other}, leave it out`,
    );
  const named = Object.entries(Array.isArray(classes) ? Object.fromEntries(classes.map((c) => [c, null])) : classes);
  const features = Object.fromEntries(named.filter(([name]) => (mapClasses as readonly string[]).includes(name)));
  return { settings, features, voxelSettings: voxels };
}

async function run(imagePath: string, maskPath: string, options: Options): Promise<void> {
  const overrides: SettingsInput = Object.assign({}, ...(options.setting ?? []).map(parseSettingText));
  const file = options.params === undefined ? {} : await fileOptions(options.params, overrides);
  const settings: SettingsInput = { ...file.settings, ...overrides };
  const features = options.features === undefined ? file.features : parseMapFeatures(options.features);
  const labels = parseRegions(options.label);
  const kernel = { ...file.voxelSettings, ...voxelSettings(options) };
  const [image, mask] = await Promise.all([readImageFile(imagePath), readImageFile(maskPath)]);
  await makeFolder(options.output);
  await withEngine(options, async ({ engine, signal, onProgress }) => {
    const regions = await featureMaps(engine, toVolume(image), toMask(mask), {
      labels,
      features,
      settings,
      voxelSettings: kernel,
      signal,
      onProgress,
    });
    for (const { label, maps } of regions)
      for (const [name, map] of maps) {
        signal.throwIfAborted();
        const prefix = regions.length > 1 ? `label-${label}_` : '';
        await writeImageFile(join(options.output, `${prefix}${name}${imageEndings[options.format]}`), map);
      }
  });
}
