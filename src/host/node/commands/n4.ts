/** `voxomics n4 IN OUT`. */
import { Command } from 'commander';
import { fromDevice, toDevice } from '../../../pipeline/device-volume.ts';
import { correctBias, fieldVolume } from '../../../pipeline/n4/index.ts';
import { toVolume } from '../../format/index.ts';
import { checkPreviewPath, writePreview } from '../preview.ts';
import { readImageFile } from '../read.ts';
import { checkImagePlace, writeImageFile } from '../write-image.ts';
import { checkPlace } from '../write.ts';
import { type ImageFlags, imageChoice, imageFlags, imageUsage } from './image-options.ts';
import { type MaskFlags, maskFlags } from './mask-options.ts';
import { type N4Flags, n4Flags, n4Options, previewColumns } from './stage-options.ts';
import { type EngineFlags, engineOptions, withEngine } from './with-engine.ts';

interface Options extends EngineFlags, ImageFlags, MaskFlags, N4Flags {
  readonly field?: string;
  readonly preview?: string;
}

export function n4Command(): Command {
  const command = new Command('n4')
    .description('N4 bias field correction; the defaults are those of ANTsPy')
    .argument('<in>', imageUsage)
    .argument('<out>', 'corrected image, .nii, .nii.gz or .nrrd')
    .option('--field <file>', 'write the bias field, the factor that each voxel was divided by')
    .option('--preview <file>', 'draw three slices before, after and of the field as PNG')
    .action(run);
  return engineOptions(imageFlags(maskFlags(n4Flags(command))));
}

async function run(input: string, output: string, options: Options): Promise<void> {
  for (const name of [output, options.field]) if (name) await checkImagePlace(name);
  if (options.preview) await checkPlace(options.preview);
  if (options.preview) checkPreviewPath(options.preview);
  const volume = toVolume(await readImageFile(input, imageChoice(options)));
  await withEngine(options, async ({ engine, signal, onProgress }) => {
    const settings = await n4Options(options, volume);
    const image = await toDevice(engine, volume);
    const { corrected, field } = await correctBias(engine, image, {
      ...settings,
      signal,
      onProgress: (progress) => onProgress({ stage: 'n4', ...progress }),
    });
    const result = await fromDevice(engine, corrected);
    const wanted = options.field || options.preview;
    const bias = wanted ? await fromDevice(engine, await fieldVolume(engine, field)) : null;
    await writeImageFile(output, result);
    if (options.field) await writeImageFile(options.field, bias!);
    if (options.preview) await writePreview(options.preview, previewColumns(volume, result, 'shared', bias));
  });
}
