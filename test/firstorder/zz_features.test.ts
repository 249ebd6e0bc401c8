/** First-order features against PyRadiomics' recorded output and against their definitions. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { binEdges, levelOf } from '../../src/pipeline/discretise/edges.ts';
import { firstOrderFeatures, firstOrderNames, momentsOf } from '../../src/pipeline/firstorder/features.ts';
import { quantiles } from '../../src/pipeline/firstorder/order.ts';
import type { Vec3, Volume } from '../../src/pipeline/volume.ts';
import { firstOrderByDefinition, percentile } from '../reference/firstorder/features.ts';
import { expectClose } from '../shape/zz_support.ts';
import { cutRegion, readVolume } from '../support/itk.ts';
import { random } from '../support/random.ts';
import { describeShared, hasShared, sharedPath } from '../shape/zz_support.ts';

/** numpy adds pairwise, we compensate: a few units in the last place of the largest term. */
const SUMMATION = 1e-12;
const ROUNDING = 1e-14;
/** Skewness of a nearly symmetric distribution is a small difference of terms of about 1. */
const SYMMETRY = 1e-12;
/** Half a unit in the last place of a mean of 1e6, in standard deviations of 20, three times: what float64 leaves of Skewness. */
const FAR = 2e-11;

const spacing: Vec3 = [0.5, 0.25, 3];
const options = { voxelArrayShift: 0, spacing, dimension: 3 as const };
const list = (values: ArrayLike<number>) => ({ values: Float64Array.from(values), counts: null });

/** Distinct values with counts. */
function histogram(values: ArrayLike<number>) {
  const counts = new Map<number, number>();
  for (const v of Array.from(values).sort((a, b) => a - b)) counts.set(v, (counts.get(v) ?? 0) + 1);
  return { values: Float64Array.from(counts.keys()), counts: Uint32Array.from(counts.values()) };
}

interface Reference {
  readonly image: string;
  readonly mask: string;
  readonly label: number;
  readonly features: Record<string, number>;
}

/** Voxels by grey level at the default bin width; NaN has a bin of its own above all others. */
function levels(values: Float64Array, image: Volume): Uint32Array {
  const finite = values.filter((v) => !Number.isNaN(v));
  const extent = finite.reduce(
    ([low, high], v) => [Math.min(low!, v), Math.max(high!, v)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  const edges = binEdges(extent[0]!, extent[1]!, {
    binWidth: 25,
    binCount: null,
    float32: image.data instanceof Float32Array,
  });
  const counts = new Uint32Array(edges.length + 2);
  for (const v of values) counts[Number.isNaN(v) ? edges.length + 1 : levelOf(edges, v)]! += 1;
  return counts;
}

async function checkReference(reference: Reference, what: string): Promise<void> {
  const image = await readVolume(sharedPath(...reference.image.split('/')));
  const { values } = cutRegion(image, await readVolume(sharedPath(...reference.mask.split('/'))), reference.label);
  const forms = values.some(Number.isNaN)
    ? [list(values)]
    : [list(values), list(values.slice().sort()), histogram(values)];
  const expected = Object.entries(reference.features).filter(([name]) => name.startsWith('original_firstorder_'));
  expect(expected.length).toBeGreaterThan(0);
  for (const form of forms) {
    const found = firstOrderFeatures(form, levels(values, image), {
      ...options,
      spacing: image.spacing,
      dimension: image.dimension,
      deprecated: ['StandardDeviation'],
    });
    for (const [column, value] of expected) {
      const name = column.slice('original_firstorder_'.length);
      const abs = name === 'Skewness' ? SYMMETRY : name === 'Entropy' ? ROUNDING : 0;
      expectClose(found.values[name] as number, value, { rel: SUMMATION, abs, what: `${what} ${name}` });
    }
    expect(found.reasons).toEqual({});
  }
}

describeShared('first-order features equal PyRadiomics', () => {
  const folder = ['reference', 'pyradiomics', 'features'] as const;
  const files = hasShared
    ? readdirSync(sharedPath(...folder)).filter((f) => /__(original_default|deprecated_on)\.json$/.test(f))
    : [];
  it.each(files)('%s', async (file) => {
    await checkReference(JSON.parse(readFileSync(sharedPath(...folder, file), 'utf8')), file);
  });

  const results: (Reference & { name: string; preset: string; overrides: object })[] = hasShared
    ? JSON.parse(readFileSync(sharedPath('reference', 'pyradiomics', 'edge_cases', 'results.json'), 'utf8'))
    : [];
  const names = [
    'one axial slice',
    'line of 7 voxels, minimumROIDimensions 1',
    'three voxels in a plane',
    'three voxels with no neighbour',
    'ROI of one value',
    'constant image',
    'image of zeros',
    'checkerboard of two grey levels',
    'values around zero (negative bins)',
    'one NaN inside the ROI',
    'two-dimensional image',
  ];
  it.each(names)('edge case: %s', async (name) => {
    await checkReference(results.find((e) => e.name === name && e.preset === 'original_default')!, name);
  });
});

describe('first-order features equal their definitions', () => {
  const next = random(21);
  const normal = Float64Array.from({ length: 5000 }, () => 40 * (next() + next() + next() - 1.5));
  const samples: { name: string; values: Float64Array }[] = [
    { name: 'bell', values: normal },
    { name: 'integers with many ties', values: normal.map(Math.round) },
    { name: 'heavy tail', values: normal.map((v) => Math.exp(v / 5)) },
    { name: 'far from zero', values: normal.map((v) => v + 1e6) },
    { name: 'three values', values: Float64Array.of(3, -1, 7.5) },
    { name: 'NaN among the values', values: normal.map((v, i) => (i % 7 === 0 ? Number.NaN : v)) },
  ];

  it.each(samples)('$name', ({ values }) => {
    const counts = Uint32Array.of(3, 0, 5, 1);
    const volume = spacing[0] * spacing[1] * spacing[2];
    const expected = firstOrderByDefinition(values, counts, 300, volume);
    const found = firstOrderFeatures({ values, counts: null }, counts, { ...options, voxelArrayShift: 300 });
    expect(Object.keys(found.values)).toEqual([...firstOrderNames]);
    for (const name of firstOrderNames)
      expectClose(found.values[name]!, expected[name]!, {
        rel: SUMMATION,
        abs: name === 'Skewness' ? FAR : 0,
        what: name,
      });
  });

  it('does not change its input, and order and form do not matter', () => {
    const values = samples[1]!.values;
    const copy = values.slice();
    const a = firstOrderFeatures({ values, counts: null }, Uint32Array.of(1), options).values;
    expect(values).toEqual(copy);
    const b = firstOrderFeatures(histogram(values), Uint32Array.of(1), options).values;
    for (const name of firstOrderNames) expectClose(a[name]!, b[name]!, { rel: ROUNDING, abs: SYMMETRY, what: name });
  });

  it('order statistics are exact, ties and adversarial orders included', () => {
    const orders: ((i: number) => number)[] = [
      (i) => i,
      (i) => 0 - i,
      (i) => i % 2,
      (i) => (i * 7919) % 1009,
      () => 4,
      (i) => Math.abs(i - 500),
      () => Math.floor(next() * 20),
      () => next(),
    ];
    for (const order of orders) {
      for (const n of [1, 2, 3, 10, 25, 26, 100, 1009]) {
        const values = Float64Array.from({ length: n }, (_, i) => order(i));
        const sorted = Array.from(values).sort((a, b) => a - b);
        const found = quantiles({ values, counts: null, n }, [0.1, 0.25, 0.75, 0.9]);
        expect(found.quantiles).toEqual([0.1, 0.25, 0.75, 0.9].map((q) => percentile(sorted, q)));
        expect(found.median).toBe((sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2);
      }
    }
  });
});

describe('degenerate regions', () => {
  it('flat: no spread, shape 0, also where the sum of the values is rounded', () => {
    for (const value of [0, 7, 0.1, -1e-3, 1e30]) {
      const { values, reasons } = firstOrderFeatures(list(new Array(997).fill(value)), Uint32Array.of(997), options);
      expect(values).toMatchObject({
        Mean: value,
        Median: value,
        Minimum: value,
        Maximum: value,
        Range: 0,
        Variance: 0,
        Skewness: 0,
        Kurtosis: 0,
        MeanAbsoluteDeviation: 0,
        RobustMeanAbsoluteDeviation: 0,
        InterquartileRange: 0,
        Uniformity: 1,
      });
      expect(reasons).toEqual({});
    }
  });

  it('two values: none lies between the 10th and 90th percentile', () => {
    const { values, reasons } = firstOrderFeatures(list([0, 10]), Uint32Array.of(1, 1), options);
    expect(values['RobustMeanAbsoluteDeviation']).toBeNaN();
    expect(Object.keys(reasons)).toEqual(['RobustMeanAbsoluteDeviation']);
    expect(values).toMatchObject({ '10Percentile': 1, '90Percentile': 9, Median: 5 });
  });

  it('only NaN, or nothing: NaN with reasons', () => {
    for (const values of [[Number.NaN], []]) {
      const found = firstOrderFeatures(list(values), Uint32Array.of(0), options);
      expect(Object.keys(found.reasons)).toEqual([...firstOrderNames]);
      expect(Object.values(found.values).every(Number.isNaN)).toBe(true);
    }
  });

  it('energy of a pixel counts its area', () => {
    const { values } = firstOrderFeatures(list([2]), Uint32Array.of(1), {
      ...options,
      dimension: 2,
      voxelArrayShift: 1,
    });
    expect(values).toMatchObject({ Energy: 9, TotalEnergy: 9 * 0.125, RootMeanSquared: 3 });
  });
});

describe('moments for thresholds', () => {
  it('of a list and of a histogram', () => {
    const values = [4, 4, 10, 2];
    for (const form of [list([...values, Number.NaN]), histogram(values)]) {
      const { mean, std, min, max, count } = momentsOf(form);
      expect({ mean, min, max, count }).toEqual({ mean: 5, min: 2, max: 10, count: 4 });
      expectClose(std, 3, { rel: ROUNDING, what: 'std' });
    }
  });
});
import { afterAll } from 'vitest';
import { worst } from '../shape/zz_support.ts';
afterAll(() => console.log(JSON.stringify(worst)));
