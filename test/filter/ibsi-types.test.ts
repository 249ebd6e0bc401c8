/** IBSI 2's filters as image types of an extraction. */
import { describe, expect, it } from 'vitest';
import { extract } from '../../src/pipeline/extract.ts';
import { type IbsiFilterSpec, ibsiFilter } from '../../src/pipeline/filter/ibsi/index.ts';
import { ibsiImageName, ibsiTypeNames } from '../../src/pipeline/filter/ibsi/schema.ts';
import { wantedImageTypes } from '../../src/pipeline/image-types.ts';
import { parseParams } from '../../src/pipeline/params.ts';
import { generatedCase } from '../../src/pipeline/verify/generated-case.ts';
import { expectClose } from '../support/close.ts';
import { useEngine } from '../support/engine.ts';

/** The order of float64 sums may differ between a box and the whole image. */
const FLOAT64 = 1e-12;
/** Gabor's transforms of a box have other lengths than those of the image: responses differ by the rounding of float32. */
const FLOAT32 = 1e-6;

const imageType = {
  IbsiMean: [{ support: 3, boundary: 'zero' }, { support: 5 }],
  IbsiLaws: { kernels: 'L5E5E5', pooling: 'max', energy: 2, binWidth: 5 },
  IbsiLoG: [
    { sigma: 1.5, dimensions: 2, binWidth: 4 },
    { sigma: 2, riesz: [0, 1, 1], binWidth: 0.5 },
  ],
  IbsiGabor: { sigma: 2, lambda: 2, gamma: 1.5, thetaStep: 45, binWidth: 50 },
  IbsiWavelet: { wavelet: 'db3', bands: 'LLH', pooling: 'average' },
  IbsiSimoncelli: [{}, { level: 2, riesz: [1, 0, 0], binWidth: 10 }],
};

/** What the first image of each entry is named, and the others. */
const names = [
  'ibsi-mean-support-3-boundary-zero',
  'ibsi-mean-support-5',
  'ibsi-laws-kernels-L5E5E5-pooling-max-energy-2',
  'ibsi-log-sigma-1-5-dimensions-2',
  'ibsi-log-sigma-2-riesz-0-1-1',
  'ibsi-gabor-sigma-2-lambda-2-gamma-1-5-thetaStep-45',
  'ibsi-wavelet-wavelet-db3-bands-LLH-pooling-average',
  'ibsi-simoncelli',
  'ibsi-simoncelli-level-2-riesz-1-0-0',
];

describe('image types of IBSI 2', () => {
  const engine = useEngine();
  const generated = generatedCase();
  // Voxels of equal sides, as LoG needs them.
  const image = { ...generated.image, spacing: [1, 1, 1] as const };
  const mask = { ...generated.mask, spacing: [1, 1, 1] as const };
  const classes = { firstorder: ['Mean', 'Variance', 'Entropy'], glcm: ['Contrast'] };

  it('have the features of the filtered image, under its name', async () => {
    const { imageTypes } = parseParams({ imageType: { Original: {}, ...imageType } });
    const [row] = await extract(engine(), image, mask, { imageTypes, classes });
    const types = wantedImageTypes(imageTypes).filter(({ filter }) => filter !== null);
    expect(types.map(({ filter }) => ibsiImageName(filter as IbsiFilterSpec))).toEqual(names);
    const columns = Object.keys(row!).filter((column) => column.startsWith('ibsi-'));
    expect(columns).toHaveLength(names.length * 4);
    for (const { filter, settings } of types) {
      const rel = filter?.filter === 'gabor' ? FLOAT32 : FLOAT64;
      const filtered = await ibsiFilter(engine(), image, filter as IbsiFilterSpec);
      const [expected] = await extract(engine(), filtered, mask, { settings, classes });
      for (const feature of ['firstorder_Mean', 'firstorder_Variance', 'firstorder_Entropy', 'glcm_Contrast']) {
        const column = `${ibsiImageName(filter as IbsiFilterSpec)}_${feature}`;
        expectClose(row![column] as number, expected![`original_${feature}`] as number, { rel, what: column });
      }
    }
    expect(row!['diagnostics_Configuration_EnabledImageTypes']).toEqual({ Original: {}, ...imageType });
  });

  it('covers every filter', () => {
    expect(Object.keys(imageType)).toEqual(ibsiTypeNames);
  });

  it('refuses settings that are none, and the same image twice', async () => {
    const found = (imageTypes: object) => extract(engine(), image, mask, { imageTypes, classes });
    await expect(found({ IbsiLoG: { sgma: 2 } })).rejects.toThrow(
      /IbsiLoG: unknown setting sgma. Did you mean sigma\?/,
    );
    await expect(found({ IbsiMean: null })).rejects.toThrow(/support: expected an odd number/);
    await expect(found({ IbsiMean: [{ support: 3 }, { support: 3, binWidth: 1 }] })).rejects.toThrow(
      /ibsi-mean-support-3 is asked for twice/,
    );
  });
});
