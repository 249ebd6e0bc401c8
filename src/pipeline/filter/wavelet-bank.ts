/** Filter banks of the discrete wavelets by PyWavelets' names. */
import { PipelineError } from '../errors.ts';
import { biorthogonal, orthogonal } from './wavelet-table.ts';

/** Decomposition filters of a wavelet: as many coefficients each, an even number. */
export interface WaveletBank {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

const reversedName = (name: string): string => name.replace(/^bior/, 'rbio');

/** Names of all wavelets: those of `pywt.wavelist(kind='discrete')`. */
export const waveletNames: readonly string[] = [
  'haar',
  ...Object.keys(orthogonal),
  ...Object.keys(biorthogonal),
  ...Object.keys(biorthogonal).map(reversedName),
];

const reversed = (filter: readonly number[]): number[] => [...filter].reverse();

/** Low passes of decomposition and reconstruction; null for a name that is none. */
function lowPasses(
  name: string,
): readonly [decomposition: readonly number[], reconstruction: readonly number[]] | null {
  const one = Object.hasOwn(orthogonal, name) ? orthogonal[name] : name === 'haar' ? orthogonal['db1'] : undefined;
  if (one) return [one, reversed(one)];
  const key = name.replace(/^rbio/, 'bior');
  const two = Object.hasOwn(biorthogonal, key) ? biorthogonal[key] : undefined;
  if (!two) return null;
  const { decomposition, reconstruction } = two;
  return key === name ? [decomposition, reconstruction] : [reversed(reconstruction), reversed(decomposition)];
}

const alternate = (c: number, k: number): number => (k % 2 === 0 ? -c : c);

/**
 * The decomposition filters of a wavelet. The high pass is the low pass of reconstruction with alternating signs.
 * @throws PipelineError BadSetting for a name that PyWavelets has no discrete wavelet of
 */
export function waveletBank(name: string): WaveletBank {
  const passes = lowPasses(name);
  if (!passes)
    throw new PipelineError(
      'BadSetting',
      `wavelet: expected a discrete wavelet of PyWavelets (${waveletNames.join(', ')}), found ${name}`,
    );
  return { low: Float64Array.from(passes[0]), high: Float64Array.from(passes[1], alternate) };
}

/**
 * The same in float32, which PyWavelets uses for float32 images. It holds the coiflets divided by the root of 2 and
 * multiplies in float32, hence the last bit of some of their coefficients.
 */
export function singleBank(name: string): WaveletBank {
  const scale = name.startsWith('coif') ? Math.SQRT2 : 1;
  const round = (filter: Float64Array) => filter.map((c) => Math.fround(Math.fround(c / scale) * Math.fround(scale)));
  const { low, high } = waveletBank(name);
  return { low: round(low), high: round(high) };
}
