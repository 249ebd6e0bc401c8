/** Verification beyond the agreement itself (test/parity/ibsi.test.ts): it notices what is wrong, and says what it left out. */
import { describe, expect, it } from 'vitest';
import { type Certificate, certificateHtml, verificationText } from '../src/host/format/certificate.ts';
import { checkSet } from '../src/pipeline/verify/check.ts';
import { ibsiFilter } from '../src/pipeline/filter/ibsi/index.ts';
import { checkMaps, mapsTitle, worstVoxel } from '../src/pipeline/verify/check-maps.ts';
import { configurations } from '../src/pipeline/verify/configurations.ts';
import { digitalPhantom } from '../src/pipeline/verify/digital-phantom.ts';
import { generatedCase } from '../src/pipeline/verify/generated-case.ts';
import { MAP_TOLERANCE } from '../src/pipeline/verify/ibsi2-filters.ts';
import { type CheckedValue, isVerified, tally, verify, type VerifyReport } from '../src/pipeline/verify/index.ts';
import { checkPyradiomics, PYRADIOMICS_TOLERANCE, pyradiomicsTitles } from '../src/pipeline/verify/pyradiomics.ts';
import { columnOf, familyOf, whyMissing } from '../src/pipeline/verify/names.ts';
import { ibsi1References, ibsi1Sets, roundingOf } from '../src/pipeline/verify/reference.ts';
import { expectClose } from './support/close.ts';
import { useEngine } from './support/engine.ts';

const row = (changes: Partial<CheckedValue>): CheckedValue => ({
  set: 'a set',
  family: 'GLCM',
  tag: 'cm_contrast_3D_avg',
  code: 'ACUI',
  column: 'original_glcm_Contrast',
  value: 5,
  reference: 5,
  tolerance: 0.1,
  consensus: 'strong',
  status: 'agrees',
  reason: null,
  ...changes,
});
const missing = row({ value: null, column: null, status: 'not available', reason: 'no <class> yet' });
const wrong = row({ value: 5.5, status: 'differs' });

describe('verify', () => {
  const engine = useEngine();

  it('notices one voxel of another grey level', async () => {
    const { image, mask } = digitalPhantom();
    const data = image.data.slice();
    data[1] = 3;
    const rows = await checkSet(
      engine(),
      { image: { ...image, data }, mask },
      configurations.digital,
      ibsi1References('digital'),
    );
    const families = new Set(rows.filter((r) => r.status === 'differs').map((r) => r.family));
    for (const family of ['statistics', 'intensity histogram', 'GLCM', 'GLRLM', 'GLSZM', 'NGTDM', 'NGLDM'])
      expect(families).toContain(family);
    // Of the morphology, what looks at the intensities.
    const shapes = rows.filter((r) => r.tag.startsWith('morph_') && r.status === 'differs').map((r) => r.tag);
    expect(shapes).toEqual(expect.arrayContaining(['morph_moran_i']));
    expect(shapes.filter((tag) => !/_(com|integ_int|moran_i|geary_c)$/.test(tag))).toEqual([]);
    expect(isVerified({ values: rows, notRun: [], times: [] })).toBe(false);
  });

  it('names the sets that need data', async () => {
    const report = await verify(engine());
    const run = [...new Set(report.values.map((v) => v.set))];
    expect(run.filter((set) => !set.startsWith('PyRadiomics'))).toEqual(['IBSI 1 digital phantom']);
    const left = ibsi1Sets.slice(1).map((set) => configurations[set].title);
    expect(report.notRun.map((n) => n.set)).toEqual(expect.arrayContaining(left));
    expect(report.notRun.map((n) => n.set)).toEqual(expect.arrayContaining([mapsTitle, 'IBSI 2 phase 2']));
    expect(report.times.map(({ set }) => set)).toEqual(run);
    expect(isVerified(report)).toBe(true);
  });

  it('notices a response map of another filter, and of another size', async () => {
    const { image } = generatedCase();
    const filtered = await ibsiFilter(engine(), image, { filter: 'mean', support: 3 });
    expect(worstVoxel(filtered, filtered)).toBe(0);
    const other = await ibsiFilter(engine(), image, { filter: 'mean', support: 5 });
    expect(worstVoxel(other, filtered)).toBeGreaterThan(MAP_TOLERANCE);
    expect(() => worstVoxel(filtered, digitalPhantom().image)).toThrow(/expected 20 x 18 x 14 voxels, found 5 x 4 x 4/);
    const wrong = { phantom: async () => image, reference: async () => other };
    const rows = await checkMaps(engine(), 'wavelet', wrong);
    expect(rows.map(({ tag, status }) => `${tag} ${status}`)).toEqual(
      ['5.a.1', '5.a.2', '6.a.1', '6.a.2', '7.a.1', '7.a.2'].map((id) => `${id} differs`),
    );
  });

  it('has what PyRadiomics recorded of the generated case', async () => {
    const rows: CheckedValue[] = [];
    for (const title of pyradiomicsTitles) rows.push(...(await checkPyradiomics(engine(), title)));
    // 34 images of eight features.
    expect(rows).toHaveLength(272);
    for (const { set, tag, value, reference } of rows)
      expectClose(value!, reference!, { rel: PYRADIOMICS_TOLERANCE, what: `${set}: ${tag}` });
    expect(rows.every((row) => row.status === 'agrees')).toBe(true);
  });

  it('refuses an image that is not the CT phantom', async () => {
    await expect(verify(engine(), { ctPhantom: digitalPhantom() })).rejects.toThrow(
      /204 x 201 x 60 voxels, found 5 x 4 x 4/,
    );
  });
});

describe('verify/report', () => {
  it('sums up what was checked', () => {
    expect(tally([row({}), wrong, missing])).toEqual({
      checked: 2,
      agreeing: 1,
      notAvailable: 1,
      worst: 0.1,
      worstOfTolerance: 5,
    });
    expect(tally([missing]).worst).toBeNull();
    // Of a consensus of 0, the difference itself.
    expect(tally([row({ value: 0.5, reference: 0, tolerance: 1 })]).worst).toBe(0.5);
  });
  it('is verified only where something was checked and nothing differs', () => {
    expect(isVerified({ values: [row({}), missing], notRun: [], times: [] })).toBe(true);
    expect(isVerified({ values: [row({}), wrong], notRun: [], times: [] })).toBe(false);
    expect(isVerified({ values: [missing], notRun: [], times: [] })).toBe(false);
  });
});

describe('verify/names', () => {
  it('knows the family of every tag, and why there is no column', () => {
    for (const { tag } of ibsi1References('digital')) {
      expect(familyOf(tag)).toMatch(/\w/);
      if (!columnOf(tag)) expect(whyMissing(tag)).toMatch(/yet$/);
    }
    expect(columnOf('dzm_sde_3D')).toEqual({ column: 'original_dzm_sde', aggregation: '3D' });
    expect(columnOf('ivh_diff_v10_v90')).toEqual({ column: 'original_ivh_diff_v10_v90', aggregation: '3D' });
    expect(columnOf('cm_inv_diff_norm_2D_avg')).toBeNull();
    expect(whyMissing('cm_inv_diff_norm_2D_avg')).toMatch(/number of grey levels/);
    expect(columnOf('szm_sze_2D')).toEqual({ column: 'original_glszm_SmallAreaEmphasis', aggregation: '2D' });
    expect(() => familyOf('xyz_mean')).toThrow(/xyz_mean/);
  });
  it('rounds to the third digit', () => {
    expect(roundingOf(2.15)).toBeCloseTo(0.005, 10);
    expect(roundingOf(-1234)).toBeCloseTo(5, 6);
    expect(roundingOf(1)).toBeCloseTo(0.005, 10);
  });
});

describe('certificate', () => {
  const report: VerifyReport = {
    values: [row({}), wrong, missing],
    notRun: [{ set: 'another set', reason: 'needs data' }],
    times: [
      { set: 'a set', family: null, seconds: 2 },
      { set: 'a set', family: 'GLCM', seconds: 1.26 },
    ],
  };
  const certificate: Certificate = {
    date: '2026-01-02T03:04:05.000Z',
    version: '1.2.3',
    host: 'Node v24, linux x64',
    caps: {
      adapter: 'A <GPU> & more',
      driver: '',
      software: false,
      subgroups: true,
      subgroupSizes: [32, 32],
      f16: false,
      matrices: [],
      timestamps: true,
      limits: {
        maxBufferSize: 2 ** 30,
        maxStorageBufferBindingSize: 2 ** 27,
        maxStorageBuffersPerShaderStage: 8,
        maxComputeWorkgroupStorageSize: 16384,
        maxComputeInvocationsPerWorkgroup: 256,
        maxComputeWorkgroupSizeX: 256,
        maxComputeWorkgroupsPerDimension: 65535,
      },
    },
    seconds: 2.34,
    report,
  };

  it('tells what differs, what is missing and what was not run', () => {
    const text = verificationText(report);
    expect(text).toContain('differs: a set, cm_contrast_3D_avg = 5.5, expected 5 ± 0.1');
    expect(text).toContain('not run: another set: needs data');
    expect(text).toMatch(/^a set .* 2\.0 s$/m);
    expect(text).toMatch(/^ {2}GLCM .* 1\.3 s$/m);
    expect(text).toMatch(/NOT VERIFIED: 1 of 2 values within tolerance; 1 not available\n$/);
    expect(verificationText({ values: [row({})], notRun: [], times: [] })).toMatch(/^VERIFIED: 1 of 1/m);
  });
  it('is a page by itself with every value', () => {
    const html = certificateHtml(certificate);
    expect(html).toContain('A &lt;GPU&gt; &amp; more');
    expect(html).toContain('not available: no &lt;class&gt; yet');
    expect(html).toContain('Not verified');
    expect(html.match(/<td class="tag">/g)).toHaveLength(3);
    expect(html).not.toMatch(/<script|<link|<img|url\(|https?:/);
  });
});
