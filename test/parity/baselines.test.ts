/**
 * PyRadiomics' own published baselines (made with 2.0.1), for the images that are at hand: of lung1 and lung2 only the masks
 * are published, so that their shapes alone can be computed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { toMask, toVolume } from '../../src/host/format/index.ts';
import { readImageFile } from '../../src/host/node/read.ts';
import type { FeatureClass } from '../../src/pipeline/classes.ts';
import { extract } from '../../src/pipeline/extract.ts';
import { indexToPhysical } from '../../src/pipeline/geometry.ts';
import { settingNames, type SettingsInput } from '../../src/pipeline/settings.ts';
import type { Mask, Volume } from '../../src/pipeline/volume.ts';
import { useEngine } from '../support/engine.ts';
import { describeShared, hasShared, sharedPath } from '../support/shared.ts';
import { differences } from './compare.ts';

/** As for the recorded runs: only the order of float64 operations differs; shape was summed in another order. */
const TOLERANCE = 1e-9;

/** First order of normalised images, which are float32 here and float64 there; their grey levels and matrices are the same. */
const NORMALISED = 1e-6;

/** The marching-cubes table was corrected after 2.0.1 (the reference's README). */
const oldMesh = /shape_(MeshVolume|SurfaceArea|Sphericity|SurfaceVolumeRatio)$/;

interface Baseline {
  readonly features: Record<string, unknown>;
  readonly diagnostics: Record<string, unknown>;
}

interface Run extends Baseline {
  readonly class: FeatureClass;
  readonly name: string;
  readonly settings: Record<string, unknown>;
}

const data = (file: string) => sharedPath('data/pyradiomics/data', file);
const imageFile = (run: string) => data(`${run.split('_')[0]}_image.nrrd`);
const isShape = (name: FeatureClass) => name === 'shape' || name === 'shape2D';
const all = hasShared
  ? (JSON.parse(readFileSync(sharedPath('data/pyradiomics/baseline_all.json'), 'utf8')) as Record<
      string,
      Record<string, Omit<Run, 'class' | 'name'>>
    >)
  : {};
const runs: Run[] = Object.entries(all)
  .flatMap(([name, cases]) =>
    Object.entries(cases).map(([run, rest]) => ({ ...rest, class: name as FeatureClass, name: run })),
  )
  .filter(({ name, class: wanted }) => existsSync(imageFile(name)) || isShape(wanted));

/** An image for the shape of a mask that has none. */
async function imageOf(name: string, mask: Mask): Promise<Volume> {
  if (existsSync(imageFile(name))) return toVolume(await readImageFile(imageFile(name)));
  return { ...mask, data: new Uint8Array(mask.data.length) };
}

/** The masks of the baselines of shape2D are one slice of the 3D masks, as images of their own. */
function sliceOf(mask: Mask, z: number): Mask {
  const [nx, ny] = mask.size;
  return {
    ...mask,
    size: [nx, ny, 1],
    origin: indexToPhysical(mask, [0, 0, z]),
    data: mask.data.slice(nx * ny * z, nx * ny * (z + 1)),
  };
}

describeShared('PyRadiomics baselines', () => {
  const engine = useEngine();

  it.each(runs.map((run) => ({ ...run, title: `${run.name} ${run.class}` })))('$title', async (run) => {
    const base = run.name.split('_')[0]!;
    const whole = toMask(await readImageFile(data(`${base}_label.nrrd`)));
    const image = await imageOf(run.name, whole);
    const box = run.diagnostics['Mask-corrected_BoundingBox'] as number[] | undefined;
    const mask = run.class === 'shape2D' ? sliceOf(whole, box![2]!) : whole;
    // Null stands for the default.
    const known = Object.entries(run.settings).filter(([key, value]) => settingNames.includes(key) && value !== null);
    const settings = Object.fromEntries(known) as SettingsInput;
    const [row] = await extract(engine(), image, mask, { settings, classes: [run.class] });
    const tolerance = run.class === 'firstorder' && run.settings['normalize'] ? NORMALISED : TOLERANCE;
    const found = differences(row!, run.features, tolerance).filter(({ column }) => !oldMesh.test(column));
    expect(found).toEqual([]);
    expect(Object.keys(run.features).length).toBeGreaterThan(0);
  });

  it('leaves out nothing but the intensities of lung1 and lung2', () => {
    const done = new Set(runs.map((run) => `${run.class} ${run.name}`));
    const left = Object.entries(all).flatMap(([name, cases]) =>
      Object.keys(cases).filter((run) => !done.has(`${name} ${run}`)),
    );
    expect(left.filter((run) => !/^lung[12](_|$)/.test(run))).toEqual([]);
    expect(runs.filter(({ name }) => name.startsWith('lung'))).toHaveLength(6);
  });
});
