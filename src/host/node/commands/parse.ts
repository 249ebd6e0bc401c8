/** Values of command-line options. */
import { PipelineError } from '../../../pipeline/errors.ts';

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

/** All values of an option that may be repeated. */
export const collect = (value: string, all: readonly string[] = []): string[] => [...all, value];
