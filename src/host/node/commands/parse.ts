/** Values of command-line options. */
import { PipelineError } from '../../../pipeline/errors.ts';
import { suggest } from '../../../pipeline/settings.ts';

/**
 * Numbers joined by commas or `x`: `1,1,1`, `50x50x50`.
 * @throws PipelineError BadSetting naming the option
 */
export function parseNumbers(option: string, text: string): number[] {
  const numbers = text.split(/[,x]/i).map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (numbers.some((n) => !Number.isFinite(n)))
    throw new PipelineError('BadSetting', `${option}: expected numbers such as 1,1,1; found "${text}"`);
  return numbers;
}

/**
 * One number.
 * @throws PipelineError BadSetting naming the option
 */
export function parseNumber(option: string, text: string): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(number))
    throw new PipelineError('BadSetting', `${option}: expected one number; found "${text}"`);
  return number;
}

/**
 * One of several words.
 * @throws PipelineError BadSetting naming the option and the words
 */
export function parseWord<W extends string>(option: string, text: string, words: readonly W[]): W {
  const word = words.find((w) => w === text);
  if (word === undefined)
    throw new PipelineError('BadSetting', `${option}: expected one of ${words.join(', ')}; found "${text}"`);
  return word;
}

/** Keys of an option whose value is itself a list of options. */
export interface Keys {
  /** Those that take a value, as in `size=64x64x64`. */
  readonly valued: readonly string[];
  /** Those that stand alone. */
  readonly switches: readonly string[];
}

/**
 * Reads `key=value` and `switch`, the parts of a text between commas.
 * @throws PipelineError BadSetting naming the option and the part that is not known, or is there twice
 */
export function parseKeys(
  option: string,
  parts: readonly string[],
  { valued, switches }: Keys,
): Record<string, string | true> {
  const known = [...valued, ...switches];
  const found: Record<string, string | true> = {};
  for (const part of parts) {
    // A file name may hold the sign too.
    const [word = '', ...rest] = part.split('=');
    const key = word.trim();
    const value = rest.length > 0 ? rest.join('=').trim() : undefined;
    if (!known.includes(key) || valued.includes(key) !== (value !== undefined))
      throw new PipelineError(
        'BadSetting',
        `${option}: found "${part.trim()}"; expected ${valued.map((k) => `${k}=…`).join(', ')} or ${switches.join(', ')}.${suggest(key, known)}`,
      );
    if (key in found) throw new PipelineError('BadSetting', `${option}: found ${key} twice; leave out one of them`);
    found[key] = value ?? true;
  }
  return found;
}

/** All values of an option that may be repeated. */
export const collect = (value: string, all: readonly string[] = []): string[] => [...all, value];
