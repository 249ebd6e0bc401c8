/** IBSI's statistics against their definitions; the consensus values are in test/parity/ibsi.test.ts. */
import { describe, expect, it } from 'vitest';
import { statFeatures, statNames } from '../../../src/pipeline/firstorder/ibsi/stat.ts';
import { statisticsByDefinition } from '../../reference/firstorder/ibsi.ts';
import { expectClose } from '../../support/close.ts';
import { random } from '../../support/random.ts';

/** Sums in another order: a few units in the last place of the largest term. */
const SUMMATION = 1e-12;

const list = (values: ArrayLike<number>) => ({ values: Float64Array.from(values), counts: null });
const next = random(11);
const cases: Record<string, number[]> = {
  fractions: Array.from({ length: 1000 }, () => next() * 300 - 100),
  'whole numbers': Array.from({ length: 777 }, () => Math.floor(next() * 40) + 3),
  'with NaN': [1, Number.NaN, 2.5, 4, Number.NaN, 8, 9.25],
  flat: [7, 7, 7, 7],
};

describe('stat', () => {
  it.each(Object.entries(cases))('%s as by definition', (what, values) => {
    const expected = statisticsByDefinition(values);
    const found = statFeatures(list(values));
    expect(Object.keys(found.values)).toEqual([...statNames]);
    expect(found.reasons).toEqual({});
    for (const name of statNames)
      expectClose(found.values[name]!, expected[name]!, { rel: SUMMATION, abs: SUMMATION, what: `${what} ${name}` });
  });

  it('says why a ratio has no value', () => {
    const { values, reasons } = statFeatures(list([-2, -1, 1, 2]));
    expect([values['cov'], values['qcod']]).toEqual([Number.NaN, Number.NaN]);
    expect(Object.keys(reasons)).toEqual(['cov', 'qcod']);
    expect(Object.keys(statFeatures(list([Number.NaN])).reasons)).toEqual([...statNames]);
  });
});
