import { describe, expect, it } from 'vitest';
import { binEdges, levelOf } from '../../src/pipeline/discretise/edges.ts';

const width = (binWidth: number) => ({ binWidth, binCount: null, float32: false });
const count = (binCount: number, float32 = false) => ({ binWidth: 25, binCount, float32 });

describe('discretise/edges', () => {
  // Values of NumPy 1.26: min - min % w, arange(low, max + 2 w, w).
  it('anchors bins of a width at zero', () => {
    expect(Array.from(binEdges(54, 166, width(25)))).toEqual([50, 75, 100, 125, 150, 175, 200]);
    expect(Array.from(binEdges(-30, 10, width(25)))).toEqual([-50, -25, 0, 25, 50]);
    expect(Array.from(binEdges(50, 175, width(25)))).toEqual([50, 75, 100, 125, 150, 175, 200]);
  });
  it('begins bins of a width at binMinimum', () => {
    const from = (binMinimum: number) => ({ ...width(25), binMinimum });
    expect(Array.from(binEdges(-30, 10, from(-90)))).toEqual([-90, -65, -40, -15, 10, 35]);
    // IBSI's fixed bin size: floor((x - minimum) / width) + 1.
    const edges = binEdges(-30, 400, from(-1000));
    for (const x of [-30, -25.5, -25, 0, 399, 400]) expect(levelOf(edges, x)).toBe(Math.floor((x + 1000) / 25) + 1);
    expect(() => binEdges(-30, 10, from(-20))).toThrow(/binMinimum: expected at most .*-30, found -20/);
  });
  it('repeats the rounding of numpy.arange', () => {
    expect(Array.from(binEdges(0.3, 0.7, width(0.1)))).toEqual([
      0.2, 0.30000000000000004, 0.4000000000000001, 0.5000000000000001, 0.6000000000000001, 0.7000000000000002,
      0.8000000000000003,
    ]);
  });
  it('gives a flat region one level', () => {
    const edges = binEdges(7, 7, width(25));
    expect(levelOf(edges, 7)).toBe(1);
  });
  it('counts bins as numpy.histogram does', () => {
    expect(Array.from(binEdges(1, 9, count(4)))).toEqual([1, 3, 5, 7, 10]);
    expect(Array.from(binEdges(5, 5, count(2)))).toEqual([4.5, 5, 6.5]);
    expect(Array.from(binEdges(Math.fround(0.1), Math.fround(3.3), count(5, true)))).toEqual([
      0.10000000149011612, 0.7400000095367432, 1.3799999952316284, 2.0199999809265137, 2.6599998474121094,
      4.300000190734863,
    ]);
  });
  it('refuses more than 65535 levels', () => {
    expect(() => binEdges(0, 1e6, width(0.1))).toThrow(/at most 65535/);
    expect(() => binEdges(0, 1e6, count(70000))).toThrow(/TooManyLevels|65535/);
  });
});
