/** `voxomics normalise IN OUT` and `voxomics nyul OUT IMAGES…`. */
import { Command } from 'commander';
import { fitNyul, normaliseUsage, normaliseVolume } from '../../../pipeline/normalise/index.ts';
import { toVolume } from '../../format/index.ts';
import { checkPreviewPath, writePreview } from '../preview.ts';
import { readImageFile } from '../read.ts';
import { checkPlace, writeAtomically } from '../write.ts';
import { checkImagePlace, writeImageFile } from '../write-image.ts';
import { type ImageFlags, imageChoice, imageFlags, imageUsage } from './image-options.ts';
import { type MaskFlags, maskFlags, maskOn, readMask } from './mask-options.ts';
import { normaliseMethod, previewColumns } from './stage-options.ts';
import { type EngineFlags, engineOptions, withEngine } from './with-engine.ts';

interface Options extends EngineFlags, ImageFlags, MaskFlags {
  readonly method: string;
  readonly mask?: string;
  readonly preview?: string;
}

export function normaliseCommand(): Command {
  const command = new Command('normalise')
    .description('normalise intensities')
    .argument('<in>', imageUsage)
    .argument('<out>', 'normalised image, .nii, .nii.gz or .nrrd')
    .option('-m, --method <method>', normaliseUsage.join(' | '), 'zscore')
    .option('--mask <file>', 'what methods measure whose REGION is mask')
    .option('--preview <file>', 'draw three slices before and after as PNG')
    .action(run);
  return engineOptions(imageFlags(maskFlags(command)));
}

async function run(input: string, output: string, options: Options): Promise<void> {
  await checkImagePlace(output);
  if (options.preview) await checkPlace(options.preview);
  if (options.preview) checkPreviewPath(options.preview);
  const [method, decoded, mask] = await Promise.all([
    normaliseMethod(options.method),
    readImageFile(input, imageChoice(options)),
    readMask(options.mask, options),
  ]);
  const before = toVolume(decoded);
  await withEngine(options, async ({ engine }) => {
    const after = await normaliseVolume(engine, before, method, await maskOn(before, mask, options));
    await writeImageFile(output, after);
    if (options.preview) await writePreview(options.preview, previewColumns(before, after, 'own', null));
  });
}

export function nyulCommand(): Command {
  const command = new Command('nyul')
    .description('learn a standard intensity scale from a cohort, for --method nyul:FILE')
    .argument('<out>', 'the scale, JSON')
    .argument('<images...>', 'images of the cohort')
    .action(fit);
  return engineOptions(imageFlags(command));
}

async function fit(output: string, images: readonly string[], options: EngineFlags & ImageFlags): Promise<void> {
  await checkPlace(output);
  const choice = imageChoice(options);
  await withEngine(options, async ({ engine, signal, onProgress }) => {
    async function* cohort() {
      for (const [done, path] of images.entries()) {
        signal.throwIfAborted();
        onProgress({ stage: 'normalise', done, total: images.length });
        yield { image: toVolume(await readImageFile(path, choice)) };
      }
    }
    await writeAtomically(output, `${JSON.stringify(await fitNyul(engine, cohort()), null, 2)}\n`);
  });
}
