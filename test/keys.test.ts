import { describe, expect, it } from 'vitest';
import { boundKey, type KeyKind, keyOf, keyWords, sortedValues, valueOfKey } from '../src/pipeline/keys.ts';
import { random } from './support/random.ts';

const next = random(1);
const samples: Record<KeyKind, number[]> = {
  int: [-(2 ** 31), -1, 0, 1, 255, 2 ** 31 - 1],
  uint: [0, 1, 2 ** 31, 2 ** 32 - 1],
  float32: [
    Number.NEGATIVE_INFINITY,
    -3.4e38,
    -1.5,
    -1e-45,
    0,
    1e-45,
    1e-38,
    0.1,
    1,
    3.4e38,
    Number.POSITIVE_INFINITY,
  ].map(Math.fround),
  float64: [
    Number.NEGATIVE_INFINITY,
    -1e308,
    -1 - 2 ** -52,
    -1,
    -5e-324,
    0,
    5e-324,
    1,
    1 + 2 ** -52,
    1e308,
    Number.POSITIVE_INFINITY,
  ],
  twofold: [
    Number.NEGATIVE_INFINITY,
    -3e38,
    -1 - 2 ** -40,
    -1,
    -1 + 2 ** -45,
    0,
    2 ** -100,
    1 - 2 ** -30,
    1,
    1 + 2 ** -45,
    1 + 2 ** -24,
    1 + 2 ** -23,
    16777217,
    Number.POSITIVE_INFINITY,
  ],
};
const kinds = Object.keys(samples) as KeyKind[];
const compare = (a: readonly number[], b: readonly number[]) => a[0]! - b[0]! || a[1]! - b[1]!;

describe('keys', () => {
  it.each(kinds)('%s keys keep the order and turn back into their values', (kind) => {
    const values = samples[kind];
    values.forEach((v, i) => {
      expect(valueOfKey(kind, ...keyOf(kind, v))).toBe(v);
      if (i > 0) expect(compare(keyOf(kind, values[i - 1]!), keyOf(kind, v))).toBeLessThan(0);
    });
  });

  it('gives -0 the key of 0 and NaN the largest', () => {
    for (const kind of ['float32', 'float64', 'twofold'] as const) {
      expect(keyOf(kind, -0)).toEqual(keyOf(kind, 0));
      expect(compare(keyOf(kind, Number.POSITIVE_INFINITY), keyOf(kind, Number.NaN))).toBeLessThan(0);
    }
  });

  it.each(kinds)('%s: comparing with a bound key decides as comparing with the bound', (kind) => {
    const bounds = [
      -1e10,
      -1.5,
      -1e-46,
      0,
      1e-46,
      0.1,
      0.30000000000000004,
      1 + 2 ** -40,
      1 + 2 ** -24 - 2 ** -52,
      1 + 2 ** -24 + 2 ** -52,
      254.5,
      255,
      2 ** 31 + 0.5,
      5e9,
    ];
    for (const bound of bounds) {
      for (const v of samples[kind]) {
        const low = boundKey(kind, bound, 'at least');
        const high = boundKey(kind, bound, 'at most');
        expect(low !== null && compare(keyOf(kind, v), low) >= 0, `${v} >= ${bound}`).toBe(v >= bound);
        expect(high !== null && compare(keyOf(kind, v), high) <= 0, `${v} <= ${bound}`).toBe(v <= bound);
      }
    }
  });

  it.each(kinds)('%s keys sort to ascending values without NaN', (kind) => {
    const values = Array.from(
      { length: 3000 },
      () => samples[kind][Math.floor(next() * samples[kind].length)] as number,
    );
    const mixed = kind !== 'int' && kind !== 'uint' ? [...values, Number.NaN, Number.NaN] : values;
    const words = keyWords(kind);
    const keys = Uint32Array.from(mixed.flatMap((v) => keyOf(kind, v).slice(0, words)));
    expect(Array.from(sortedValues(kind, words, keys))).toEqual(values.sort((a, b) => a - b));
  });
});
