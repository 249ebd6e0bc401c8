/** The masks of commands: which regions of a DICOM mask, and what to do where the grid is not the image's. */
import { type Command, Option } from 'commander';
import { alignMaskTo, type GeometryMode, geometryModes } from '../../../pipeline/mask-geometry.ts';
import { parseSettings } from '../../../pipeline/settings.ts';
import type { ImageGrid, Mask } from '../../../pipeline/volume.ts';
import type { DicomMaskOptions } from '../../format/dicom/mask.ts';
import type { LoadedMask } from '../../format/load-mask.ts';
import { readMaskFile } from '../read-mask.ts';
import { collect, parseNumber } from './parse.ts';

export interface MaskFlags {
  readonly region?: readonly string[];
  readonly threshold?: string;
  readonly geometry?: GeometryMode;
}

/** What a mask argument may be, for help. */
export const maskUsage = 'label map, DICOM segmentation (SEG) or RT structure set';

/** Adds the flags of masks. */
export function maskFlags(command: Command): Command {
  return command
    .option('--region <name>', 'DICOM mask: a segment or structure by name or number; may be repeated', collect)
    .option('--threshold <x>', 'fractional SEG: the smallest fraction that belongs to a segment (default 0.5)')
    .addOption(
      new Option(
        '--geometry <mode>',
        'a mask on another grid: refuse, resample, or accept up to half a voxel (default strict)',
      ).choices([...geometryModes]),
    );
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

/** Tells what may surprise about a mask. */
export function showNotes(notes: Iterable<string>): void {
  for (const note of notes) process.stderr.write(`voxomics: note: ${note}\n`);
}

/** Reads the mask that a flag names; null without one. */
export const readMask = async (path: string | undefined, flags: MaskFlags): Promise<LoadedMask | null> =>
  path === undefined ? null : readMaskFile(path, maskChoice(flags));

/**
 * A mask on the grid of its image, as `--geometry` says.
 * @throws PipelineError GeometryMismatch naming the flag that helps, RoiOutsideImage
 */
export async function maskOn(
  image: ImageGrid,
  loaded: LoadedMask | null,
  { geometry = 'strict' }: MaskFlags,
): Promise<Mask | null> {
  if (!loaded) return null;
  const { mask, notes } = loaded.place(image);
  showNotes(notes);
  return alignMaskTo(image, mask, { mode: geometry, settings: parseSettings(), labels: 'all' });
}
