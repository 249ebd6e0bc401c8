/** `voxomics preprocess IN OUT`. */
import { Command } from 'commander';
import { PipelineError } from '../../../pipeline/errors.ts';
import { hasSteps, preprocess } from '../../../pipeline/preprocess.ts';
import { toVolume } from '../../format/index.ts';
import { checkPreviewPath, writePreview } from '../preview.ts';
import { readImageFile } from '../read.ts';
import { checkImagePlace, writeImageFile } from '../write-image.ts';
import { checkPlace } from '../write.ts';
import { type ImageFlags, imageChoice, imageFlags, imageUsage } from './image-options.ts';
import { type MaskFlags, maskFlags, maskOn, readMask } from './mask-options.ts';
import { preprocessSteps, previewColumns, type StepFlags, stepFlags } from './stage-options.ts';
import { type EngineFlags, engineOptions, withEngine } from './with-engine.ts';

interface Options extends EngineFlags, ImageFlags, MaskFlags, StepFlags {
  readonly mask?: string;
  readonly field?: string;
  readonly preview?: string;
}

export function preprocessCommand(): Command {
  const command = new Command('preprocess')
    .description('bias field correction, normalisation and resampling in one trip over the GPU, in this order')
    .argument('<in>', imageUsage)
    .argument('<out>', 'processed image, .nii, .nii.gz or .nrrd')
    .option('--mask <file>', 'what normalisation measures whose REGION is mask; PyRadiomics’ grid is laid round it')
    .option('--field <file>', 'write the bias field')
    .option('--preview <file>', 'draw three slices before, after and of the field as PNG')
    .action(run);
  return engineOptions(imageFlags(maskFlags(stepFlags(command))));
}

async function run(input: string, output: string, options: Options): Promise<void> {
  for (const name of [output, options.field]) if (name) await checkImagePlace(name);
  if (options.preview) await checkPlace(options.preview);
  if (options.preview) checkPreviewPath(options.preview);
  const [decoded, placed] = await Promise.all([
    readImageFile(input, imageChoice(options)),
    readMask(options.mask, options),
  ]);
  const before = toVolume(decoded);
  await withEngine(options, async ({ engine, signal, onProgress }) => {
    const steps = await preprocessSteps(options, before);
    if (!hasSteps(steps)) throw new PipelineError('BadSetting', 'no step to take; pass --n4, --normalise or --spacing');
    if (options.field && !steps.n4) throw new PipelineError('BadSetting', '--field is the field of N4; pass --n4');
    const mask = await maskOn(before, placed, options);
    const wantsField = Boolean(options.field || (options.preview && steps.n4));
    const { image, field } = await preprocess(engine, before, steps, { mask, field: wantsField, signal, onProgress });
    await writeImageFile(output, image);
    if (options.field) await writeImageFile(options.field, field!);
    if (options.preview) {
      const look = steps.normalise ? 'own' : 'shared';
      await writePreview(options.preview, previewColumns(before, image, look, field));
    }
  });
}
