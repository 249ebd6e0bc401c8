/** Weights made from a text, by the name `hash:SEED`: for tests, demonstrations and benchmarks. */
import { PipelineError } from '../../../pipeline/errors.ts';
import { hashWeights } from '../../../pipeline/nn/hash-weights.ts';
import type { Variant } from '../../../pipeline/nn/manifest.ts';
import type { LoadedWeights, LoadWeightsOptions } from './index.ts';

const prefix = 'hash:';

/** Channels of the published networks' first layer. */
const publishedWidth = 64;

export interface WeightsSourceOptions extends LoadWeightsOptions {
  /** Of the first layer of `hash:` weights. Default 64; files have their own. */
  readonly width?: number;
}

/** Whether a source is `hash:SEED`. */
export const isHashSource = (source: string): boolean => source.startsWith(prefix);

/**
 * The weights of `hash:SEED`: the published shapes of a variant (one input channel, torchvision three; shortcut A,
 * torchvision B).
 * @throws PipelineError BadSetting where the source is another, the seed is empty or the width is no positive integer
 */
export function hashSource(
  source: string,
  { variant = 'medicalnet', width = publishedWidth }: WeightsSourceOptions = {},
): LoadedWeights {
  const seed = source.slice(prefix.length);
  if (!isHashSource(source) || seed === '' || !Number.isInteger(width) || width < 1 || width > publishedWidth) {
    throw new PipelineError(
      'BadSetting',
      `expected hash:SEED with a seed and a width of 1 to ${publishedWidth}, found "${source}" with the width ${width}; ` +
        'write for example hash:demo',
    );
  }
  const architecture = shapeOf(variant, width);
  return {
    architecture,
    weights: hashWeights(seed, architecture),
    source,
    sha256: null,
    notes: ['The weights are made from a hash, not trained.'],
  };
}

const shapeOf = (variant: Variant, width: number) =>
  variant === 'torchvision'
    ? ({ variant, width, channels: 3, shortcut: 'B' } as const)
    : ({ variant, width, channels: 1, shortcut: 'A' } as const);
