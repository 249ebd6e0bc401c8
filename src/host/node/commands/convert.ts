/** `voxomics convert IN… OUT`. */
import { Command } from 'commander';
import { PipelineError } from '../../../pipeline/errors.ts';
import { toVolume } from '../../format/index.ts';
import { readDicom } from '../dicom-source.ts';
import { readImageFile } from '../read.ts';
import { checkImagePlace, writeImageFile } from '../write-image.ts';
import { type ImageFlags, imageChoice, imageFlags, imageUsage } from './image-options.ts';
import { type MaskFlags, maskFlags, maskOn, readMask } from './mask-options.ts';

interface Options extends ImageFlags, MaskFlags {
  readonly maskOf?: string;
}

export function convertCommand(): Command {
  const command = new Command('convert')
    .description('write an image as NIfTI or NRRD: one series of DICOM files, or any image that can be read')
    .usage('[options] <in…> <out>')
    .argument('<paths...>', `${imageUsage}, or several DICOM files; then the output, .nii, .nii.gz or .nrrd`)
    .option('--mask-of <image>', 'the input is a mask of this image: write its label map on the grid of the image')
    .action(run);
  return maskFlags(imageFlags(command)).addHelpText(
    'after',
    `
Examples:
  voxomics convert scan/ t1.nii.gz                               the only series in a folder
  voxomics convert study.zip t1.nii.gz --series "T1 axial" --phase 2
  voxomics convert mammogram.dcm mg.nii.gz --pixel-spacing 0.07,0.07
  voxomics convert rtstruct.dcm gtv.nii.gz --mask-of scan/ --region GTV`,
  );
}

async function run(paths: readonly string[], options: Options): Promise<void> {
  const [inputs, output] = [paths.slice(0, -1), paths.at(-1)!];
  const [first] = inputs;
  if (first === undefined) throw new PipelineError('BadSetting', 'expected an input and an output, found one path');
  await checkImagePlace(output);
  const choice = imageChoice(options);
  if (options.maskOf !== undefined) {
    if (inputs.length > 1) throw new PipelineError('BadSetting', 'expected one mask, found several; pass one of them');
    const [image, mask] = await Promise.all([readImageFile(options.maskOf, choice), readMask(first, options)]);
    return writeImageFile(output, (await maskOn(image, mask, options))!);
  }
  if (options.region || options.threshold || options.geometry)
    throw new PipelineError(
      'BadSetting',
      '--region, --threshold and --geometry are for masks; pass their image as --mask-of',
    );
  const image = inputs.length > 1 ? await readDicom(inputs, choice) : await readImageFile(first, choice);
  await writeImageFile(output, toVolume(image));
}
