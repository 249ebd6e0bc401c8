/**
 * What the median of IBSI's teams does not tell of the class morph (test/parity/ibsi-sts.test.ts): features of the sarcoma
 * patients that two teams have, which sample pairs of voxels, take other points or stop at other ellipsoids. Ours beside the
 * first of them.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { toMask, toVolume } from '../../src/host/format/index.ts';
import { readImageFile } from '../../src/host/node/read.ts';
import { extract } from '../../src/pipeline/extract.ts';
import type { ResampleStep } from '../../src/pipeline/preprocess.ts';
import { expectClose } from '../support/close.ts';
import { isSwiftShader, useEngine } from '../support/engine.ts';
import { describeShared, hasShared, sharedPath } from '../support/shared.ts';

/** Of the hull: the team's float32 grid and splines. */
const HULL = 5e-4;
/** Sums over pairs of an image that the team's splines made. */
const PAIRS = 1e-6;
/** The team's search for the smallest ellipsoid stops at a tolerance of 0.001: the ellipsoid does not enclose every vertex. */
const ELLIPSOID = 1e-2;
/** More voxels than these are sampled by the team. */
const SAMPLED = 1000;

const features = [
  'vol_dens_mvee',
  'area_dens_mvee',
  'vol_dens_conv_hull',
  'area_dens_conv_hull',
  'moran_i',
  'geary_c',
] as const;

interface Found {
  readonly id: string;
  readonly modality: string;
  /** What the team found, by tag. */
  readonly values: ReadonlyMap<string, number>;
}

function readCases(): Found[] {
  const cases = new Map<string, Found & { values: Map<string, number> }>();
  const file = sharedPath('data/ibsi1_sts/values/ibsi1_validation_dev.csv');
  const [head, ...lines] = readFileSync(file, 'utf8').trim().split(/\r?\n/);
  const column = (head as string).split(',').indexOf('oncoray');
  for (const line of lines) {
    const cells = line.split(',');
    const [id, modality, tag] = cells as [string, string, string];
    const entry = cases.get(`${id} ${modality}`) ?? { id, modality, values: new Map() };
    cases.set(`${id} ${modality}`, entry);
    entry.values.set(tag, Number(cells[column]));
  }
  return [...cases.values()];
}

/** The validation's processing: 1 mm, 3 mm for PET; CT is rounded and cut to soft tissue, PET to what is not negative. */
const stepOf = (modality: string): ResampleStep => ({
  spacing: modality === 'PET' ? [3, 3, 3] : [1, 1, 1],
  interpolator: 'sitkBSpline',
  grid: 'ibsi',
  round: modality === 'CT',
});
const ranges: Readonly<Record<string, number[]>> = { CT: [-200, 200], PET: [0] };

/** Voxels of this mask lie at one half: the team has others, and PyRadiomics, which has no hull, has ours. */
const otherMask = 'STS_019 PET';

describeShared('morphology of the sarcoma patients', () => {
  const engine = useEngine();

  it.for(hasShared ? readCases() : [])('$id $modality', async ({ id, modality, values }, { skip }) => {
    if (modality !== 'PET' && isSwiftShader(engine())) skip('images of millions of voxels take long on SwiftShader');
    const folder = sharedPath('data/ibsi1_sts/dev', id);
    const image = toVolume(await readImageFile(`${folder}/${modality}_image.nii.gz`));
    const mask = toMask(await readImageFile(`${folder}/${modality}_mask.nii.gz`));
    const [row] = await extract(engine(), image, mask, {
      classes: { morph: features },
      preprocess: { resample: stepOf(modality) },
      settings: { resegmentRange: ranges[modality] ?? null },
    });
    const voxels = values.get('morph_mask_vox_count_interp_roi') as number;
    for (const name of features) {
      const ours = row![`original_morph_${name}`] as number;
      const theirs = values.get(`morph_${name}`) as number;
      expect(theirs, name).toBeGreaterThan(-1);
      const what = `${name} of ${id} ${modality}`;
      if (name.includes('mvee')) expectClose(ours, theirs, { rel: ELLIPSOID, what });
      else if (name.includes('hull')) {
        if (`${id} ${modality}` !== otherMask) expectClose(ours, theirs, { rel: HULL, what });
      } else if (voxels < SAMPLED) expectClose(ours, theirs, { abs: PAIRS, what });
    }
  });
});
