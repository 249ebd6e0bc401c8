/** Deep features on the command line: the same words as flags of `voxomics deep` and after `extract --deep`. */
import { type Command, Option } from 'commander';
import type { Engine } from '../../../engine/index.ts';
import { PipelineError } from '../../../pipeline/errors.ts';
import type { DeepNetwork, DeepOptions } from '../../../pipeline/nn/deep.ts';
import { type InputOptions, type InputSize, type Margin, zscoreRegions } from '../../../pipeline/nn/input.ts';
import { backends, layers, precisions, variants } from '../../deep-network.ts';
import { memoryText } from '../../deep-memory.ts';
import { openDeepNetwork } from '../deep-network.ts';
import { showNotes } from './mask-options.ts';
import { parseKeys, parseNumber, parseNumbers, parseWord } from './parse.ts';

/** What decides deep features, as text. */
export interface DeepFlags {
  readonly arch?: string;
  readonly weights?: string;
  readonly size?: string;
  readonly margin?: string;
  readonly zscore?: string;
  readonly masked?: boolean;
  readonly noise?: string;
  readonly layer?: string;
  readonly stemStride?: string;
  readonly maxPool?: boolean;
  readonly precision?: string;
  readonly backend?: string;
}

const weightsUsage = 'checkpoint (.pth, .safetensors, .onnx), or hash:SEED for made-up weights';

/** Keys after `extract --deep ARCH`, those with a value and those without. */
const deepKeys = {
  valued: ['size', 'margin', 'zscore', 'noise', 'layer', 'stem-stride', 'precision', 'backend'],
  switches: ['masked', 'no-max-pool'],
};

/** Adds the flags of the command of deep features alone. */
export function deepFlags(command: Command): Command {
  return command
    .addOption(new Option('--arch <name>', 'the network').choices([...variants]).makeOptionMandatory())
    .requiredOption('--weights <file>', weightsUsage)
    .option('--size <d,h,w>', 'voxels of the input, depth (z), height (y) and width (x) (default 64,64,64)')
    .option('--margin <n>', 'round the region, as 5mm or 3voxels (default 5mm)')
    .option('--zscore <where>', `mean and SD of: ${zscoreRegions.join(', ')}, or none (default crop)`)
    .option('--masked', 'voxels outside the region become 0')
    .option('--noise <seed>', 'background becomes normally distributed noise, as MedicalNet has it (default none)')
    .option('--layer <name>', `${layers.join(', ')} (default pool)`)
    .option(
      '--stem-stride <1|2>',
      'of the first convolution, which .pth files do not tell (default 2; MONAI: conv1_t_stride)',
    )
    .option('--no-max-pool', 'no max pool after the first convolution (MONAI: no_max_pool=True)')
    .option('--precision <name>', `${precisions.join(', ')} (default auto)`)
    .option(
      '--backend <name>',
      `${backends.join(', ')}: ONNX Runtime on the CPU (default auto: the GPU, without one the CPU)`,
    );
}

/** Adds `--deep` and `--weights` to a command of other features. */
export function besideFlags(command: Command): Command {
  return command
    .option(
      '--deep <arch,…>',
      `also deep features of ${variants.join(', ')}; with options as in medicalnet,size=64x64x64,margin=5mm,layer=layer3,masked (see voxomics deep)`,
    )
    .option('--weights <file>', `of --deep: ${weightsUsage}`);
}

/**
 * Reads the value of `--deep`.
 * @throws PipelineError BadSetting naming what is not known, or is there twice
 */
export function parseDeep(text: string, weights: string | undefined): DeepFlags {
  if (weights === undefined) throw new PipelineError('BadSetting', `--deep needs --weights: a ${weightsUsage}`);
  const [arch = '', ...parts] = text.split(',');
  const { 'stem-stride': stemStride, 'no-max-pool': noMaxPool, ...others } = parseKeys('--deep', parts, deepKeys);
  return {
    arch: arch.trim(),
    weights,
    ...others,
    ...(stemStride === undefined ? {} : { stemStride: stemStride as string }),
    ...(noMaxPool === undefined ? {} : { maxPool: false }),
  };
}

/** `5mm`, `3voxels`. */
function parseMargin(text: string): Margin {
  const [, number = '', unit] = /^\s*([-+.\de]+)\s*(mm|voxels?)\s*$/.exec(text) ?? [];
  const value = number === '' ? Number.NaN : Number(number);
  if (!Number.isFinite(value))
    throw new PipelineError('BadSetting', `margin: expected a length such as 5mm or 3voxels, found "${text}"`);
  return { value, unit: unit === 'mm' ? 'mm' : 'voxels' };
}

/** How the input is made; values are checked further by `inputSettings`. @throws PipelineError BadSetting */
export function deepInput({ size, margin, zscore, masked, noise }: DeepFlags): InputOptions {
  const where = zscore === undefined ? undefined : parseWord('zscore', zscore, [...zscoreRegions, 'none'] as const);
  return {
    size: size === undefined ? undefined : (parseNumbers('size', size) as unknown as InputSize),
    margin: margin === undefined ? undefined : parseMargin(margin),
    zscore: where === 'none' ? null : where,
    masked,
    noise: noise === undefined ? undefined : parseNumber('noise', noise),
  };
}

/** The input and the network that the flags ask for. @throws PipelineError BadSetting, and of the weights */
export async function openDeep(engine: Engine, flags: DeepFlags): Promise<DeepOptions> {
  const { arch = '', weights = '', layer = 'pool', precision = 'auto', backend = 'auto' } = flags;
  const { stemStride, maxPool = true } = flags;
  const input = deepInput(flags);
  const network = await openDeepNetwork(engine, {
    arch: parseWord('arch', arch, variants),
    weights,
    layer: parseWord('layer', layer, layers),
    ...(stemStride === undefined ? {} : { stemStride: parseNumber('stem-stride', stemStride) as 1 | 2 }),
    ...(maxPool ? {} : { maxPool }),
    precision: parseWord('precision', precision, precisions),
    backend: parseWord('backend', backend, backends),
  });
  showNotes(network.weights.notes);
  return { ...input, network };
}

/**
 * Says what a network will keep, before it runs.
 * @param size of its input, depth, height and width; images of one slice take less
 */
export function showMemory({ caps }: Engine, network: DeepNetwork, size: InputSize): void {
  const { arch, layer, precision, backend } = network;
  const where = backend === 'gpu' ? `on ${caps.adapter}` : `by ${backend}`;
  process.stderr.write(`voxomics: ${arch}, ${layer}, ${precision}, ${where}: ${memoryText(network, size)}\n`);
}
