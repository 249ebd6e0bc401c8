/** One image of the demo's patient, from its voxels to its features. */
import type { Engine } from '../../engine/index.ts';
import { extract } from '../../pipeline/extract.ts';
import { deepFeatures } from '../../pipeline/nn/deep-features.ts';
import type { DeepNetwork } from '../../pipeline/nn/deep.ts';
import { parseParams } from '../../pipeline/params.ts';
import { preprocess } from '../../pipeline/preprocess.ts';
import { type PresetName, presetOf } from '../../pipeline/presets.ts';
import { resampleMask } from '../../pipeline/resample/index.ts';
import type { Row } from '../../pipeline/row.ts';
import type { Mask, Volume } from '../../pipeline/volume.ts';
import type { Sequence } from '../patient.ts';

/** What is timed. */
export const stages = ['N4', 'normalise', 'resample', 'radiomics', 'deep'] as const;
export type Stage = (typeof stages)[number];

/** Standard deviation of the logarithm of a field inside the tissue: known, and left when divided by the one that was found. */
export interface FieldError {
  readonly known: number;
  readonly left: number;
}

/** What became of an image. */
export interface SequenceResult {
  readonly sequence: Sequence;
  readonly preset: PresetName;
  /** After N4; null for mammograms. */
  readonly corrected: Volume | null;
  readonly found: Volume | null;
  readonly error: FieldError | null;
  /** At 1 mm. */
  readonly image: Volume;
  readonly mask: Mask;
  readonly radiomics: Row;
  readonly deep: Row;
  readonly milliseconds: Readonly<Record<Stage, number>>;
}

/** Standard deviation of a function of the voxels of the tissue. */
function spread({ data }: Mask, value: (voxel: number) => number): number {
  let [count, sum, squares] = [0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue;
    const v = value(i);
    count++;
    sum += v;
    squares += v * v;
  }
  return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
}

/** How well a field was found. A constant factor does not count: no field has a scale of its own. */
export function fieldError(found: Volume, known: Volume, tissue: Mask): FieldError {
  const log = ({ data }: Volume, i: number) => Math.log(data[i] as number);
  return {
    known: spread(tissue, (i) => log(known, i)),
    left: spread(tissue, (i) => log(found, i) - log(known, i)),
  };
}

/**
 * Takes an image through the protocol of Guo et al. 2024: MR images through N4 (ANTsPy's defaults) and a z-score of the whole
 * image, all images to 1 mm (mammograms within their plane), radiomics of `guo2024-a` in 3D and `guo2024-b` in 2D, and deep
 * features of the lesion. The z-score is multiplied by 100, so that the presets' bins of 25 mean something.
 */
export async function runSequence(engine: Engine, network: DeepNetwork, sequence: Sequence): Promise<SequenceResult> {
  const milliseconds: Record<Stage, number> = { N4: 0, normalise: 0, resample: 0, radiomics: 0, deep: 0 };
  const timed = async <T>(stage: Stage, work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work();
    milliseconds[stage] += performance.now() - started;
    return result;
  };
  const mr = sequence.modality === 'MR';
  const n4 = mr ? await timed('N4', () => preprocess(engine, sequence.image, { n4: {} }, { field: true })) : null;
  const normalised = n4
    ? (await timed('normalise', () => preprocess(engine, n4.image, { normalise: { name: 'pyradiomics', scale: 100 } })))
        .image
    : sequence.image;
  const { image, mask } = await timed('resample', async () => {
    const fine = (await preprocess(engine, normalised, { resample: { spacing: mr ? [1, 1, 1] : [1, 1, 0] } })).image;
    return { image: fine, mask: await resampleMask(engine, sequence.mask, fine) };
  });
  const preset = mr ? 'guo2024-a' : 'guo2024-b';
  const { settings, imageTypes, classes } = parseParams(presetOf(preset).params);
  const [radiomics] = await timed('radiomics', () => extract(engine, image, mask, { settings, imageTypes, classes }));
  const [deep] = await timed('deep', () => deepFeatures(engine, image, mask, { network }));
  return {
    sequence,
    preset,
    corrected: n4?.image ?? null,
    found: n4?.field ?? null,
    error: n4?.field && sequence.field ? fieldError(n4.field, sequence.field, sequence.tissue) : null,
    image,
    mask,
    radiomics: radiomics as Row,
    deep: deep as Row,
    milliseconds,
  };
}

/** The columns of a row that are features. */
export const featuresOf = (row: Row): [string, number][] =>
  Object.entries(row).filter(([name]) => !/^(diagnostics|voxomics)_/.test(name)) as [string, number][];
