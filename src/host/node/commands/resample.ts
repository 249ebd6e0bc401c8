/** `voxomics resample IN OUT`. */
import { Command } from 'commander';
import { PipelineError } from '../../../pipeline/errors.ts';
import { gridOfStep, maskRuleOf, preprocess } from '../../../pipeline/preprocess.ts';
import { resample, resampleMask } from '../../../pipeline/resample/index.ts';
import { toMask, toVolume } from '../../format/index.ts';
import { readImageFile } from '../read.ts';
import { checkImagePlace, writeImageFile } from '../write-image.ts';
import { type ImageFlags, imageChoice, imageFlags, imageUsage } from './image-options.ts';
import { type MaskFlags, maskFlags, maskOn, readMask } from './mask-options.ts';
import { type ResampleFlags, resampleFlags, resampleStep } from './stage-options.ts';
import { type EngineFlags, engineOptions, withEngine } from './with-engine.ts';

interface Options extends EngineFlags, ImageFlags, MaskFlags, ResampleFlags {
  readonly mask?: string;
  readonly like?: string;
  readonly labels?: boolean;
}

export function resampleCommand(): Command {
  const command = new Command('resample')
    .description('resample an image or a label map to another grid')
    .argument('<in>', `${imageUsage}; label map with --labels`)
    .argument('<out>', 'resampled image, .nii, .nii.gz or .nrrd')
    .option('--like <file>', 'take the grid of this image instead of a spacing')
    .option('--labels', 'the input is a label map: nearest voxel, every label kept')
    .option('--mask <file>', 'region that the grid of PyRadiomics is laid round (default: the whole image)')
    .action(run);
  return engineOptions(imageFlags(maskFlags(resampleFlags(command))));
}

async function run(input: string, output: string, options: Options): Promise<void> {
  await checkImagePlace(output);
  const step = resampleStep(options);
  if ((step === null) === (options.like === undefined))
    throw new PipelineError('BadSetting', 'expected either --spacing or --like; pass one of them');
  const [decoded, like, mask] = await Promise.all([
    readImageFile(input, imageChoice(options)),
    options.like ? readImageFile(options.like) : null,
    readMask(options.mask, options),
  ]);
  await withEngine(options, async ({ engine, signal, onProgress }) => {
    await writeImageFile(output, await resampled());

    async function resampled() {
      if (options.labels) {
        const labels = toMask(decoded);
        return resampleMask(
          engine,
          labels,
          like ?? gridOfStep(labels, step!, null),
          step ? maskRuleOf(step) : 'nearest',
        );
      }
      const image = toVolume(decoded);
      if (like) return resample(engine, image, like, { interpolator: step?.interpolator });
      const region = await maskOn(image, mask, options);
      return (await preprocess(engine, image, { resample: step }, { mask: region, signal, onProgress })).image;
    }
  });
}
