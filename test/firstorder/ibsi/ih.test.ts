/** IBSI's intensity histogram against its definition; the consensus values are in test/parity/ibsi.test.ts. */
import { describe, expect, it } from 'vitest';
import { ihFeatures, ihNames } from '../../../src/pipeline/firstorder/ibsi/ih.ts';
import { histogramByDefinition, statisticsByDefinition } from '../../reference/firstorder/ibsi.ts';
import { expectClose } from '../../support/close.ts';
import { random } from '../../support/random.ts';

/** Sums in another order: a few units in the last place of the largest term. */
const SUMMATION = 1e-12;

/** Rows of all levels (`every`), or of those that occur, as they are where levels have been ranked. */
function table(levels: readonly number[], every: boolean) {
  const all = Uint32Array.from({ length: Math.max(...levels) }, (_, k) => k + 1);
  const rows = every ? all : all.filter((level) => levels.includes(level));
  return { levels: rows, histogram: rows.map((level) => levels.filter((l) => l === level).length) };
}

const next = random(17);
const cases: Record<string, number[]> = {
  random: Array.from({ length: 500 }, () => 1 + Math.floor(next() * 20)),
  'with gaps': Array.from({ length: 300 }, () => 4 + 3 * Math.floor(next() * 9)),
  // Two modes as far from the mean, and one further away: the lower of the two.
  'several modes': [1, 1, 4, 4, 6, 6, 5, 5, 9, 3, 3, 7, 7],
};

describe('ih', () => {
  it.each(Object.entries(cases).flatMap(([name, levels]) => [true, false].map((every) => ({ name, levels, every }))))(
    '$name as by definition, all levels listed: $every',
    ({ levels, every }) => {
      const { values, reasons } = ihFeatures(table(levels, every));
      const expected = { ...statisticsByDefinition(levels), ...histogramByDefinition(levels) };
      expect(Object.keys(values)).toEqual([...ihNames]);
      expect(reasons).toEqual({});
      for (const name of ihNames)
        expectClose(values[name]!, expected[name]!, { rel: SUMMATION, abs: SUMMATION, what: name });
    },
  );

  it('takes the mode nearest to the mean, the lower of two', () => {
    const mode = (levels: number[]) => ihFeatures(table(levels, true)).values['mode'];
    expect(mode([1, 1, 5, 5, 6, 7])).toBe(5);
    expect(mode([2, 2, 4, 4])).toBe(2);
  });

  it('is level where there is one bin', () => {
    const { values } = ihFeatures(table([1, 1, 1], true));
    expect([values['max_grad'], values['max_grad_g'], values['min_grad'], values['min_grad_g']]).toEqual([0, 1, 0, 1]);
    expect([values['kurt'], values['entropy']]).toEqual([0, 0]);
  });
});
