/** Normalisations as the command line names them. */
import { PipelineError } from '../errors.ts';
import { suggest } from '../settings.ts';
import type { MethodName, MinMax, NormaliseMethod, ZScore } from './methods.ts';
import { type Region, regions } from './subject.ts';

/** A method, or a Nyul scale that the host has to read from a file. */
export type NormaliseSpec =
  | Exclude<NormaliseMethod, { name: 'nyul' }>
  | { readonly name: 'nyul'; readonly file: string };

const bad = (message: string) => new PipelineError('BadSetting', message);

/** What follows the colon: numbers, words and `key=value`, separated by commas. */
interface Words {
  readonly numbers: readonly number[];
  readonly region: Region;
  readonly words: ReadonlySet<string>;
  readonly keys: ReadonlyMap<string, number | null>;
}

/** What a method takes. */
interface Grammar {
  readonly usage: string;
  readonly region?: true;
  readonly words?: readonly string[];
  readonly keys?: readonly string[];
  readonly numbers?: number;
}

const grammars = {
  zscore: { usage: 'zscore[:REGION][,population|sample]', region: true, words: ['population', 'sample'] },
  pyradiomics: { usage: 'pyradiomics[:scale=NUMBER][,outliers=NUMBER]', keys: ['scale', 'outliers'] },
  minmax: { usage: 'minmax[:REGION][,low=NUMBER][,high=NUMBER]', region: true, keys: ['low', 'high'] },
  percentile: {
    usage: 'percentile:LOW,HIGH[,REGION][,low=NUMBER][,high=NUMBER]',
    region: true,
    numbers: 2,
    keys: ['low', 'high'],
  },
  clip: { usage: 'clip:LOW,HIGH[,REGION][+zscore...|+minmax...]', region: true, numbers: 2 },
  robust: { usage: 'robust[:REGION]', region: true },
  nyul: { usage: 'nyul:FILE' },
} as const satisfies Record<MethodName | 'percentile', Grammar>;
type Name = keyof typeof grammars;
const names = Object.keys(grammars) as Name[];

/** How normalisations are written, one line each, for help and messages. */
export const normaliseUsage: readonly string[] = names.map((name) => grammars[name].usage);

function parseNumber(text: string, what: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) throw bad(`${what}: expected a number, found "${text}"`);
  return value;
}

function parseKey(part: string, grammar: Grammar, name: string): [string, number | null] {
  const at = part.indexOf('=');
  const [key, value] = [part.slice(0, at).trim(), part.slice(at + 1).trim()];
  const known = grammar.keys ?? [];
  if (!known.includes(key)) {
    const allowed = known.length > 0 ? `Allowed: ${known.join(', ')}` : 'It takes none';
    throw bad(`${name}: unknown key "${key}".${suggest(key, known)} ${allowed}; write ${grammar.usage}`);
  }
  return [key, key === 'outliers' && value.toLowerCase() === 'none' ? null : parseNumber(value, `${name}:${key}`)];
}

function parseWords(text: string, grammar: Grammar, name: string): Words {
  const numbers: number[] = [];
  const found = new Set<string>();
  const keys = new Map<string, number | null>();
  let region: Region | null = null;
  const allowed = [...(grammar.region ? regions : []), ...(grammar.words ?? [])];
  for (const part of text === '' ? [] : text.split(',').map((p) => p.trim())) {
    if (part.includes('=')) keys.set(...parseKey(part, grammar, name));
    else if (grammar.region && region === null && (regions as readonly string[]).includes(part))
      region = part as Region;
    else if (grammar.words?.includes(part)) found.add(part);
    else if (grammar.numbers && numbers.length < grammar.numbers && /^[-+.\d]/.test(part))
      numbers.push(parseNumber(part, name));
    else {
      const choice = allowed.length > 0 ? ` Allowed: ${allowed.join(', ')};` : '';
      throw bad(`${name}: unexpected "${part}".${suggest(part, allowed)}${choice} write ${grammar.usage}`);
    }
  }
  if (numbers.length !== (grammar.numbers ?? 0)) {
    throw bad(`${name}: expected ${grammar.numbers} percentiles, found ${numbers.length}; write ${grammar.usage}`);
  }
  return { numbers, region: region ?? 'image', words: found, keys };
}

function parseRange(keys: Words['keys'], name: string): { low: number; high: number } {
  const [low, high] = [keys.get('low') ?? 0, keys.get('high') ?? 1];
  if (!(low < high)) throw bad(`${name}: expected low < high, found ${low} and ${high}`);
  return { low, high };
}

function parsePercentiles([low, high]: readonly number[], name: string): readonly [number, number] {
  if (!(low !== undefined && high !== undefined && low >= 0 && low < high && high <= 100)) {
    throw bad(`${name}: expected two ascending percentiles from 0 to 100, found ${low} and ${high}`);
  }
  return [low, high];
}

function parsePyRadiomics(keys: Words['keys']): NormaliseSpec {
  const scale = keys.get('scale') ?? 1;
  const outliers = keys.get('outliers') ?? null;
  if (!(scale > 0)) throw bad(`pyradiomics: expected a positive scale, found ${scale}`);
  if (outliers !== null && !(outliers > 0))
    throw bad(`pyradiomics: expected positive outliers or none, found ${outliers}`);
  return { name: 'pyradiomics', scale, outliers };
}

const parsers: { readonly [N in Exclude<Name, 'nyul'>]: (words: Words) => NormaliseSpec } = {
  zscore: ({ region, words }) => {
    if (words.size > 1) throw bad('zscore: expected population or sample, found both; choose one');
    return { name: 'zscore', within: region, ddof: words.has('sample') ? 1 : 0 };
  },
  minmax: ({ region, keys }) => ({ name: 'minmax', within: region, ...parseRange(keys, 'minmax') }),
  pyradiomics: ({ keys }) => parsePyRadiomics(keys),
  clip: ({ region, numbers }) => ({
    name: 'clip',
    within: region,
    percentiles: parsePercentiles(numbers, 'clip'),
    followedBy: null,
  }),
  percentile: ({ region, numbers, keys }) => ({
    name: 'clip',
    within: region,
    percentiles: parsePercentiles(numbers, 'percentile'),
    followedBy: { name: 'minmax', within: region, ...parseRange(keys, 'percentile') },
  }),
  robust: ({ region }) => ({ name: 'robust', within: region }),
};

function parseStep(text: string): NormaliseSpec {
  const at = text.indexOf(':');
  const typed = (at < 0 ? text : text.slice(0, at)).trim();
  const rest = at < 0 ? '' : text.slice(at + 1).trim();
  const name = names.find((n) => n === typed);
  if (!name) {
    throw bad(`unknown normalisation "${typed}".${suggest(typed, names)} Allowed: ${normaliseUsage.join(' | ')}`);
  }
  if (name !== 'nyul') return parsers[name](parseWords(rest, grammars[name], name));
  if (rest === '') throw bad('nyul: expected the file of a scale, found none; write nyul:FILE');
  return { name, file: rest };
}

/**
 * Reads a normalisation as the command line gives it, such as `zscore`, `zscore:mask,sample`, `pyradiomics:scale=100,outliers=3`,
 * `minmax:nonzero`, `clip:1,99+zscore`, `percentile:0.5,99.5,mask` (clip, then these two become 0 and 1), `robust:mask`
 * or `nyul:FILE`. REGION is image (default), mask, nonzero, positive or above-mean.
 * @throws PipelineError BadSetting naming what was found, what is allowed and what may have been meant
 */
export function parseNormalise(text: string): NormaliseSpec {
  // A file name may hold a plus.
  if (/^\s*nyul\s*:/.test(text)) return parseStep(text);
  const [first, second, ...more] = text.split('+').map((step) => step.trim()) as [string, ...string[]];
  const step = parseStep(first);
  if (second === undefined) return step;
  const next = parseStep(second);
  if (
    more.length > 0 ||
    step.name !== 'clip' ||
    step.followedBy !== null ||
    (next.name !== 'zscore' && next.name !== 'minmax')
  ) {
    throw bad(`expected zscore or minmax after clip, found "${text}"; write ${grammars.clip.usage}`);
  }
  return { ...step, followedBy: next as ZScore | MinMax };
}
