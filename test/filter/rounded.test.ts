import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { exp, log } from '../../src/pipeline/filter/rounded.ts';

type Pairs = readonly (readonly [x: number, value: number])[];
const golden = JSON.parse(readFileSync(new URL('../golden/filter/rounded.json', import.meta.url), 'utf8')) as {
  log: Pairs;
  exp: Pairs;
};

it('rounds logarithms and exponentials to the nearest float64', () => {
  for (const [x, value] of golden.log) expect([x, log(x)]).toEqual([x, value]);
  for (const [x, value] of golden.exp) expect([x, exp(x)]).toEqual([x, value]);
});

it('keeps the values at the ends', () => {
  expect([log(0), log(1), log(Number.POSITIVE_INFINITY)]).toEqual([-Infinity, 0, Infinity]);
  expect([log(-1), log(Number.NaN), exp(Number.NaN)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  expect([exp(0), exp(-Infinity), exp(Infinity), exp(-1000), exp(1000)]).toEqual([1, 0, Infinity, 0, Infinity]);
});
