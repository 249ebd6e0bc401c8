/** Which regions of a DICOM mask a command reads. */
import type { Command } from 'commander';
import type { DicomMaskOptions } from '../../format/dicom/mask.ts';
import { collect, parseNumber } from './parse.ts';

export interface MaskFlags {
  readonly region?: readonly string[];
  readonly threshold?: string;
}

/** What a mask argument may be, for help. */
export const maskUsage = 'label map, DICOM segmentation (SEG) or RT structure set';

/** Adds the flags of masks from DICOM. */
export function maskFlags(command: Command): Command {
  return command
    .option('--region <name>', 'DICOM mask: a segment or structure by name or number; may be repeated', collect)
    .option('--threshold <x>', 'fractional SEG: the smallest fraction that belongs to a segment (default 0.5)');
}

/**
 * What the flags choose.
 * @throws PipelineError BadSetting naming the flag
 */
export function maskChoice({ region, threshold }: MaskFlags): DicomMaskOptions {
  return {
    ...(region ? { regions: region } : {}),
    ...(threshold === undefined ? {} : { threshold: parseNumber('--threshold', threshold) }),
  };
}
