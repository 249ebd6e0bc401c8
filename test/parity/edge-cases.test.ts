/** Odd masks and images: what PyRadiomics answers where it answers, else a typed error. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { extractFiles } from '../../src/host/node/extract-files.ts';
import type { SettingsInput } from '../../src/pipeline/settings.ts';
import { useEngine } from '../support/engine.ts';
import { describeShared, hasShared, sharedPath } from '../support/shared.ts';
import { differences } from './compare.ts';
import { expectDiagnostics } from './diagnostics.ts';
import { recordedParams } from './presets.ts';

interface Run {
  readonly name: string;
  readonly image: string;
  readonly mask: string;
  readonly label: number;
  readonly label_channel: number | null;
  readonly preset: string;
  readonly overrides: SettingsInput;
  readonly features?: Record<string, unknown>;
  readonly diagnostics?: Record<string, unknown>;
  readonly error?: { type: string; message: string };
}

/** Our error code for each of PyRadiomics' messages. */
const codes: [RegExp, string][] = [
  [/too few dimensions/, 'RoiTooFewDimensions'],
  [/only contains 1 segmented voxel|Size of the ROI is too small/, 'RoiTooSmall'],
  [/Maximum allowed size exceeded/, 'NonFiniteImage'],
  [/not present in mask/, 'LabelNotFound'],
  [/No labels found/, 'EmptyMask'],
  [/segmentation object only contains/, 'BadSetting'],
  [/geometry mismatch|does not match the primary input/, 'GeometryMismatch'],
  [/larger than image space/, 'RoiOutsideImage'],
  [/Resegmentation excluded/, 'ResegmentationEmpty'],
  [/Error reading image/, 'BadFile'],
  // A derived image that is NaN everywhere; a constant image that is to be normalised.
  [/arange: cannot compute length/, 'NonFiniteImage|ConstantImage'],
];
/** Of the largest value. */
const NOISE = 1e-10;

/**
 * Whether a derived image holds but one value and the rounding of what made it, which differs between programs: then only
 * its level is a fact.
 */
function isNoise(recorded: Record<string, unknown>, column: string): boolean {
  const image = column.replace(/_[^_]+_[^_]+$/, '');
  if (image === 'original') return false;
  const of = (name: string) => Number(recorded[`${image}_firstorder_${name}`]);
  return of('Range') <= NOISE * Math.max(1, Math.abs(of('Maximum')));
}

const folder = 'reference/pyradiomics/edge_cases';
const runs = hasShared ? (JSON.parse(readFileSync(sharedPath(folder, 'results.json'), 'utf8')) as Run[]) : [];

describeShared('PyRadiomics edge cases', () => {
  const engine = useEngine();

  it.each(runs.map((r) => ({ ...r, title: `${r.name} | ${r.preset} ${JSON.stringify(r.overrides)}` })))(
    '$title',
    async (r) => {
      const { settings, ...chosen } = recordedParams(r.preset);
      const channel = r.label_channel === null ? {} : { label_channel: r.label_channel };
      const run = extractFiles(engine(), sharedPath(r.image), sharedPath(r.mask), {
        labels: [r.label],
        settings: { ...settings, ...r.overrides, ...channel },
        ...chosen,
      });
      if (r.error) {
        const code = codes.find(([message]) => message.test(r.error!.message))?.[1];
        expect(code, r.error.message).toBeDefined();
        await expect(run).rejects.toMatchObject({ code: expect.stringMatching(`^(${code})$`) });
        return;
      }
      const row = (await run)[0]!;
      // Issue tolerance: 1e-6 relative; see features.test.ts for the tighter one on real cases.
      expect(differences(row, r.features!, 1e-6).filter(({ column }) => !isNoise(r.features!, column))).toEqual([]);
      expectDiagnostics(row, r.diagnostics!);
      const reasons = row['voxomics_reasons'] as Record<string, string>;
      for (const [column, value] of Object.entries(row)) {
        if (typeof value === 'number' && Number.isNaN(value)) expect(reasons, column).toHaveProperty([column]);
      }
    },
  );

  it('every recorded image and mask is in one of these runs', () => {
    const used = new Set(runs.flatMap(({ image, mask }) => [image, mask]).map((path) => path.split('/').at(-1)));
    const files = readdirSync(sharedPath(folder)).filter((file) => file !== 'results.json');
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => !used.has(file))).toEqual([]);
  });
});
