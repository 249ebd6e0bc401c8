/** Which image of DICOM files a command reads: the same flags in every command that reads one. */
import type { Command } from 'commander';
import type { ReadSeriesOptions } from '../../format/dicom/read.ts';
import { parseNumber, parseNumbers } from './parse.ts';
import { PipelineError } from '../../../pipeline/errors.ts';

export interface ImageFlags {
  readonly series?: string;
  readonly phase?: string;
  readonly pixelSpacing?: string;
  readonly invertMonochrome1?: boolean;
}

/** What an image argument may be, for help. */
export const imageUsage = 'NIfTI, NRRD, MetaImage, or DICOM: a folder, zip archive or file';

/** Adds the flags of images from DICOM. */
export function imageFlags(command: Command): Command {
  return command
    .option('--series <UID|number|text>', 'DICOM: the series by UID, number or part of its description')
    .option('--phase <n>', 'DICOM: which of several images in one series, as `voxomics dicom list` numbers them')
    .option('--pixel-spacing <r,c>', 'DICOM without a pixel spacing: millimetres between rows, between columns')
    .option('--invert-monochrome1', 'DICOM: turn MONOCHROME1 values round, so that high means bright');
}

/**
 * What the flags choose.
 * @throws PipelineError BadSetting naming the flag
 */
export function imageChoice({ series, phase, pixelSpacing, invertMonochrome1 }: ImageFlags): ReadSeriesOptions {
  const spacing = pixelSpacing === undefined ? undefined : parseNumbers('--pixel-spacing', pixelSpacing);
  if (spacing && spacing.length > 2)
    throw new PipelineError(
      'BadSetting',
      `--pixel-spacing: expected millimetres between rows and between columns, such as 0.07,0.07; found "${pixelSpacing}"`,
    );
  const [rows, columns = rows] = spacing ?? [];
  return {
    ...(series === undefined ? {} : { series }),
    ...(phase === undefined ? {} : { phase: parseNumber('--phase', phase) }),
    ...(spacing ? { pixelSpacing: [rows!, columns!] } : {}),
    ...(invertMonochrome1 ? { invertMonochrome1 } : {}),
  };
}
