/** Options of the preprocessing stages on the command line: the same words in every command that takes them. */
import type { Command } from 'commander';
import { PipelineError } from '../../../pipeline/errors.ts';
import type { N4Options } from '../../../pipeline/n4/index.ts';
import { type NormaliseMethod, normaliseUsage, parseNormalise, parseNyul } from '../../../pipeline/normalise/index.ts';
import type { PreprocessSteps, ResampleStep } from '../../../pipeline/preprocess.ts';
import { gridRules } from '../../../pipeline/settings.ts';
import { interpolatorNames, parseInterpolator } from '../../../pipeline/resample/index.ts';
import type { ImageGrid, Volume } from '../../../pipeline/volume.ts';
import { toVolume } from '../../format/index.ts';
import type { PreviewColumn } from '../../format/preview.ts';
import { readImageFile } from '../read.ts';
import { type MaskFlags, maskOn, readMask } from './mask-options.ts';
import { parseKeys, parseNumber, parseNumbers, parseWord } from './parse.ts';
import { readJson } from '../read-json.ts';

/** N4's options as text, by the names of the flags of `voxomics n4`. */
export interface N4Flags {
  readonly shrink?: string;
  readonly iterations?: string;
  readonly tolerance?: string;
  /** Millimetres between knots, or the mesh as NxNxN. */
  readonly spline?: string;
  readonly bins?: string;
  readonly fwhm?: string;
  readonly wiener?: string;
  readonly mask?: string;
  readonly weight?: string;
  readonly rescale?: boolean;
  readonly otsu?: boolean;
}

const n4Values = ['shrink', 'iterations', 'tolerance', 'spline', 'bins', 'fwhm', 'wiener', 'mask', 'weight'] as const;
const n4Switches = ['rescale', 'otsu'] as const;

/** Adds N4's flags to the command of N4 alone. */
export function n4Flags(command: Command): Command {
  return command
    .option('--mask <file>', 'voxels other than 0 are fitted and corrected (default: the whole image)')
    .option('--weight <file>', 'confidence of each voxel')
    .option('--shrink <n>', 'every n-th voxel along each axis is fitted (default 4)')
    .option('--iterations <a,b,…>', 'iterations of each level, as 50x50x50x50 (the default)')
    .option('--tolerance <x>', 'a level ends when the field changes less (default 1e-7)')
    .option('--spline <mm|NxNxN>', 'distance of the knots, or elements of the first mesh (default 1x1x1)')
    .option('--rescale', 'map the corrected range inside the mask onto the original one')
    .option('--otsu', 'make the mask by Otsu’s threshold')
    .option('--bins <n>', 'histogram bins (default 200)')
    .option('--fwhm <x>', 'full width at half maximum of the deconvolved Gaussian (default 0.15)')
    .option('--wiener <x>', 'noise of the Wiener filter (default 0.01)');
}

/** Reads `shrink=2,iterations=20x10,otsu`, the value of `--n4` where N4 is one step of several. */
const parseN4 = (text: string): N4Flags =>
  parseKeys('--n4', text.split(','), { valued: n4Values, switches: n4Switches });

/** The options of N4; mask and weights are read. @param image that they belong to */
export async function n4Options(
  flags: N4Flags & MaskFlags,
  image: ImageGrid,
): Promise<Omit<N4Options, 'signal' | 'onProgress'>> {
  const number = (key: 'shrink' | 'tolerance' | 'bins' | 'fwhm' | 'wiener') => {
    const text = flags[key];
    return text === undefined ? {} : { [key]: parseNumber(`--${key}`, text) };
  };
  const mask = await maskOn(image, await readMask(flags.mask, flags), flags);
  const spline = flags.spline === undefined ? null : parseNumbers('--spline', flags.spline);
  return {
    ...number('shrink'),
    ...number('tolerance'),
    ...number('bins'),
    ...number('fwhm'),
    ...number('wiener'),
    ...(flags.iterations === undefined ? {} : { iterations: parseNumbers('--iterations', flags.iterations) }),
    ...(spline === null ? {} : spline.length === 1 ? { splineDistance: spline[0]! } : { mesh: spline }),
    ...(mask ? { mask } : {}),
    ...(flags.weight === undefined ? {} : { weights: toVolume(await readImageFile(flags.weight)) }),
    rescale: flags.rescale ?? false,
    otsu: flags.otsu ?? false,
  };
}

/** The normalisation that a text names; the scale of `nyul:FILE` is read. */
export async function normaliseMethod(text: string): Promise<NormaliseMethod> {
  const spec = parseNormalise(text);
  if (spec.name !== 'nyul' || !('file' in spec)) return spec as NormaliseMethod;
  return { name: 'nyul', standard: parseNyul(await readJson(spec.file)) };
}

/** Resampling as text. */
export interface ResampleFlags {
  readonly spacing?: string;
  readonly interpolator?: string;
  readonly grid?: string;
}

/** Adds the flags of resampling. */
export function resampleFlags(command: Command): Command {
  return command
    .option('--spacing <x,y,z>', 'millimetres between voxels; 0 keeps an axis')
    .option('--interpolator <name>', `${interpolatorNames.join(', ')} (default bspline)`)
    .option('--grid <rule>', `${gridRules.join(', ')} (default pyradiomics)`);
}

/** The resampling that the flags ask for; null without a spacing. */
export function resampleStep({ spacing, interpolator, grid }: ResampleFlags): ResampleStep | null {
  if (spacing === undefined) {
    const orphan = interpolator !== undefined ? '--interpolator' : grid !== undefined ? '--grid' : null;
    if (orphan) throw new PipelineError('BadSetting', `${orphan} needs --spacing; pass the wanted spacing`);
    return null;
  }
  return {
    spacing: parseNumbers('--spacing', spacing),
    ...(interpolator === undefined ? {} : { interpolator: parseInterpolator(interpolator) }),
    ...(grid === undefined ? {} : { grid: parseWord('--grid', grid, gridRules) }),
  };
}

/** All steps as text. */
export interface StepFlags extends ResampleFlags {
  readonly n4?: string | true;
  readonly normalise?: string;
}

/** Adds the flags of all steps. */
export function stepFlags(command: Command): Command {
  return resampleFlags(
    command
      .option('--n4 [options]', 'N4 bias field correction; options as shrink=2,iterations=50x50,mask=FILE,otsu')
      .option('--normalise <method>', normaliseUsage.join(' | ')),
  );
}

/** The steps that the flags ask for. @param image that their masks belong to */
export async function preprocessSteps(flags: StepFlags & MaskFlags, image: ImageGrid): Promise<PreprocessSteps> {
  const { n4, normalise } = flags;
  return {
    n4:
      n4 === undefined
        ? null
        : await n4Options({ geometry: flags.geometry, ...(n4 === true ? {} : parseN4(n4)) }, image),
    normalise: normalise === undefined ? null : await normaliseMethod(normalise),
    resample: resampleStep(flags),
  };
}

/** The columns of a preview. @param look of the result: `own` where its intensities are on another scale */
export function previewColumns(
  before: Volume,
  after: Volume,
  look: 'shared' | 'own',
  field: Volume | null,
): PreviewColumn[] {
  return [
    { title: 'before', volume: before, look: 'shared' },
    { title: 'after', volume: after, look },
    ...(field ? [{ title: 'field', volume: field, look: 'ratio' } as const] : []),
  ];
}
