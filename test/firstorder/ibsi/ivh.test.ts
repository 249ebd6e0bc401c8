/** IBSI's intensity-volume histogram against its definition; the consensus values are in test/parity/ibsi.test.ts. */
import { describe, expect, it } from 'vitest';
import { ivhFeatures, type IvhOptions, ivhNames } from '../../../src/pipeline/firstorder/ibsi/ivh.ts';
import { ivhByDefinition } from '../../reference/firstorder/ibsi.ts';
import { expectClose } from '../../support/close.ts';
import { random } from '../../support/random.ts';

/** Sums in another order. */
const SUMMATION = 1e-12;

const list = (values: readonly number[]) => ({ values: Float64Array.from(values), counts: null });
const plain: IvhOptions = { binWidth: null, binCount: null, range: null };
const upTo = (first: number, last: number, step = 1) =>
  Array.from({ length: Math.round((last - first) / step) + 1 }, (_, k) => first + k * step);
const next = random(23);
const whole = Array.from({ length: 400 }, () => Math.floor(next() * next() * 60) - 12);
const reals = Array.from({ length: 400 }, () => next() ** 2 * 8 + 0.5);
const [least, most] = [Math.min(...whole), Math.max(...whole)];
const [low, high] = [Math.min(...reals), Math.max(...reals)];
/** Numbers of quarters, which are exact. */
const quarter = (x: number, from: number) => Math.floor((x - from) * 4);

const cases: readonly { name: string; values: number[]; options: IvhOptions; as: number[]; range: number[] }[] = [
  { name: 'whole numbers', values: whole, options: plain, as: whole, range: upTo(least, most) },
  {
    name: 'whole numbers in a range',
    values: whole,
    options: { ...plain, range: { lower: -20, upper: 80 } },
    as: whole,
    range: upTo(-20, 80),
  },
  {
    name: 'whole numbers in a range that is open above, its end no whole number',
    values: whole,
    options: { ...plain, range: { lower: -20.5, upper: null } },
    as: whole,
    range: upTo(-20, most),
  },
  {
    name: 'numbers as they are',
    values: reals,
    options: plain,
    as: reals,
    range: [...new Set(reals)].toSorted((a, b) => a - b),
  },
  {
    name: 'bins of a width',
    values: reals,
    options: { ...plain, binWidth: 0.25, range: { lower: 0, upper: 9 } },
    as: reals.map((x) => quarter(x, 0) / 4 + 0.125),
    range: upTo(0.125, 8.875, 0.25),
  },
  {
    name: 'bins of a width in a range that is open above',
    values: [...reals, 8.6],
    options: { ...plain, binWidth: 0.25, range: { lower: 0, upper: null } },
    as: [...reals, 8.6].map((x) => quarter(x, 0) / 4 + 0.125),
    range: upTo(0.125, 8.375, 0.25),
  },
  {
    name: 'a number of bins',
    values: reals,
    options: { ...plain, binCount: 50, range: { lower: 0, upper: 9 } },
    as: reals.map((x) => Math.min(Math.floor((50 * (x - low)) / (high - low)) + 1, 50)),
    range: upTo(1, 50),
  },
];

describe('ivh', () => {
  it.each(cases)('$name as by definition', ({ values, options, as, range }) => {
    const found = ivhFeatures(list(values), options);
    const expected = ivhByDefinition(as, range);
    expect(Object.keys(found.values)).toEqual([...ivhNames]);
    expect(found.reasons).toEqual({});
    for (const name of ivhNames)
      expectClose(found.values[name]!, expected[name]!, { rel: SUMMATION, abs: SUMMATION, what: name });
  });

  it('is the same from a histogram', () => {
    const distinct = [...new Set(whole)].toSorted((a, b) => a - b);
    const counts = Uint32Array.from(distinct, (v) => whole.filter((x) => x === v).length);
    expect(ivhFeatures({ values: Float64Array.from(distinct), counts }, plain)).toEqual(
      ivhFeatures(list(whole), plain),
    );
  });

  it('says why there is no intensity', () => {
    const top = ivhFeatures(list([1, 5, 5, 5]), plain);
    expect(top.values['i90']).toBe(2);
    expect([top.values['i10'], top.values['diff_i10_i90']]).toEqual([Number.NaN, Number.NaN]);
    expect(top.reasons['i10']).toMatch(/highest/);
    const flat = ivhFeatures(list([3, 3]), plain);
    expect(flat.values['auc']).toBe(0);
    expect(flat.reasons['v10']).toMatch(/single/);
    expect(Object.keys(ivhFeatures(list([Number.NaN]), plain).reasons)).toEqual([...ivhNames]);
  });

  it('counts few bins of a wide range', () => {
    const { values } = ivhFeatures(list([-(2 ** 31), 0, 2 ** 31 - 1, 5]), plain);
    expectClose(values['auc']!, 0.5, { rel: 1e-8 });
  });
});
