/** `voxomics filter IN OUT --type TYPE`. */
import { Command, Option } from 'commander';
import { PipelineError } from '../../../pipeline/errors.ts';
import { boundaries } from '../../../pipeline/filter/ibsi/boundary.ts';
import { gaborPlanes } from '../../../pipeline/filter/ibsi/gabor.ts';
import { type IbsiFilterSpec, ibsiFilter, ibsiFilterNames } from '../../../pipeline/filter/ibsi/index.ts';
import { poolings } from '../../../pipeline/filter/ibsi/settings.ts';
import { toVolume } from '../../format/index.ts';
import { readImageFile } from '../read.ts';
import { checkImagePlace, writeImageFile } from '../write-image.ts';
import { type ImageFlags, imageChoice, imageFlags, imageUsage } from './image-options.ts';
import { parseNumber, parseWord } from './parse.ts';
import { type EngineFlags, engineOptions, withEngine } from './with-engine.ts';

type FilterName = IbsiFilterSpec['filter'];

/** A setting as a flag. */
interface Flag {
  readonly usage: string;
  readonly takes: 'n' | 'name' | 'n,n,n';
  /** Filters that take it, and whether they need it. */
  readonly filters: Partial<Readonly<Record<FilterName, 'needed' | 'optional'>>>;
}

/** Flags by the names of the settings. */
const flags: Readonly<Record<string, Flag>> = {
  support: { usage: 'side of the mean, an odd number of voxels', takes: 'n', filters: { mean: 'needed' } },
  kernels: {
    usage: 'Laws kernels along x, y and z, as E5L5S5, or x and y',
    takes: 'name',
    filters: { laws: 'needed' },
  },
  energy: {
    usage: 'mean of the absolute responses this far around, voxels',
    takes: 'n',
    filters: { laws: 'optional' },
  },
  sigma: {
    usage: 'standard deviation of the Gaussian, mm',
    takes: 'n',
    filters: { log: 'needed', gabor: 'needed' },
  },
  truncate: {
    usage: 'end of the kernel, standard deviations (default 4)',
    takes: 'n',
    filters: { log: 'optional' },
  },
  lambda: { usage: 'wavelength, mm', takes: 'n', filters: { gabor: 'needed' } },
  gamma: {
    usage: 'sigma along the wave over that across it (default 1)',
    takes: 'n',
    filters: { gabor: 'optional' },
  },
  theta: { usage: 'direction of the wave, degrees (default 0)', takes: 'n', filters: { gabor: 'optional' } },
  thetaStep: { usage: 'rotate by steps of so many degrees', takes: 'n', filters: { gabor: 'optional' } },
  planes: { usage: `${gaborPlanes.join(' | ')} (default axial)`, takes: 'name', filters: { gabor: 'optional' } },
  wavelet: { usage: 'a discrete wavelet, as db2', takes: 'name', filters: { wavelet: 'needed' } },
  bands: { usage: 'L or H along x, y and z, as LHL, or x and y', takes: 'name', filters: { wavelet: 'needed' } },
  level: {
    usage: 'number of decompositions (default 1)',
    takes: 'n',
    filters: { wavelet: 'optional', simoncelli: 'optional' },
  },
  riesz: {
    usage: 'order of the Riesz transform along x, y and z, as 1,0,0, or x and y',
    takes: 'n,n,n',
    filters: { log: 'optional', simoncelli: 'optional' },
  },
  dimensions: {
    usage: '2: each plane by itself; 3 (the default)',
    takes: 'n',
    filters: { mean: 'optional', log: 'optional', simoncelli: 'optional' },
  },
  pooling: {
    usage: `of the responses to rotated filters: ${poolings.join(' | ')}`,
    takes: 'name',
    filters: { laws: 'optional', gabor: 'optional', wavelet: 'optional' },
  },
  boundary: {
    usage: `${boundaries.join(' | ')} (default mirror; simoncelli: periodic)`,
    takes: 'name',
    filters: {
      mean: 'optional',
      laws: 'optional',
      log: 'optional',
      gabor: 'optional',
      wavelet: 'optional',
      simoncelli: 'optional',
    },
  },
};

const flagOf = (setting: string): string => `--${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** @throws PipelineError BadSetting where a number is none */
function parseValue(flag: string, takes: Flag['takes'], text: string): unknown {
  if (takes === 'name') return text;
  return takes === 'n' ? parseNumber(flag, text) : text.split(',').map((part) => parseNumber(flag, part));
}

type Options = EngineFlags & ImageFlags & { readonly type: string } & Readonly<Record<string, unknown>>;

export function filterCommand(): Command {
  const command = new Command('filter')
    .description('filter an image as IBSI 2 defines it')
    .argument('<in>', imageUsage)
    .argument('<out>', 'the responses, .nii, .nii.gz or .nrrd')
    .requiredOption('-t, --type <name>', ibsiFilterNames.join(' | '))
    .action(run);
  for (const [setting, { usage, takes, filters }] of Object.entries(flags)) {
    const takers = Object.keys(filters).join(', ');
    command.addOption(new Option(`${flagOf(setting)} <${takes}>`, `${takers}: ${usage}`));
  }
  return engineOptions(imageFlags(command));
}

/**
 * The filter that the flags ask for. Values are checked by the filter itself.
 * @throws PipelineError BadSetting on an unknown type, a flag that it does not take, one that it needs and is missing
 */
function specOf(options: Options): IbsiFilterSpec {
  const filter = parseWord('--type', options.type, ibsiFilterNames);
  const settings: Record<string, unknown> = {};
  for (const [setting, { takes, filters }] of Object.entries(flags)) {
    const text = options[setting] as string | undefined;
    const use = filters[filter];
    if (text === undefined && use !== 'needed') continue;
    if (text === undefined) throw new PipelineError('BadSetting', `--type ${filter} needs ${flagOf(setting)}`);
    if (use === undefined)
      throw new PipelineError(
        'BadSetting',
        `${flagOf(setting)} is for ${Object.keys(filters).join(', ')}; leave it out for --type ${filter}`,
      );
    settings[setting] = parseValue(flagOf(setting), takes, text);
  }
  return { filter, ...settings } as unknown as IbsiFilterSpec;
}

async function run(input: string, output: string, options: Options): Promise<void> {
  await checkImagePlace(output);
  const spec = specOf(options);
  const image = toVolume(await readImageFile(input, imageChoice(options)));
  await withEngine(options, async ({ engine }) => {
    await writeImageFile(output, await ibsiFilter(engine, image, spec));
  });
}
