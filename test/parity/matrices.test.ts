/** Grey levels and all five matrices, exactly as PyRadiomics counts them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { FeatureClass } from '../../src/pipeline/classes.ts';
import { wantedFeatures } from '../../src/pipeline/classes.ts';
import { readImageFile } from '../../src/host/node/read.ts';
import { toMask, toVolume } from '../../src/host/format/index.ts';
import { wantedImageTypes } from '../../src/pipeline/image-types.ts';
import { countPass, levelTable } from '../../src/pipeline/pass/count.ts';
import { gldmOf, glcmOf, glrlmOf, ngtdmOf } from '../../src/pipeline/pass/finalise.ts';
import { preparePass } from '../../src/pipeline/pass/prepare.ts';
import { findMaskLabels, resolveSelection } from '../../src/pipeline/selection.ts';
import { parseSettings } from '../../src/pipeline/settings.ts';
import { decodeZones } from '../../src/pipeline/texture/components.ts';
import type { Volume } from '../../src/pipeline/volume.ts';
import { hostIntensities } from '../../src/pipeline/intensities.ts';
import { useEngine } from '../support/engine.ts';
import { readNpy } from '../support/npy.ts';
import { describeShared, hasShared, sharedPath } from '../support/shared.ts';

const root = 'reference/pyradiomics/matrices';
const folders = hasShared ? readdirSync(sharedPath(root)) : [];
const textures: FeatureClass[] = ['glcm', 'glrlm', 'glszm', 'gldm', 'ngtdm'];

interface Meta {
  readonly image: string;
  readonly mask: string;
  readonly label: number;
  readonly image_type: string;
  readonly Ng: number;
  readonly bbox_xyz_first_last: number[];
  readonly shape_zyx: number[];
  readonly settings: { readonly binWidth: number };
}

/** The recorded crop as an image: derived images are not made here, their values are recorded. */
function recordedImage(folder: string, { shape_zyx: [z, y, x] }: Meta): { image: Volume; labels: Uint8Array } {
  const size = [x, y, z] as unknown as Volume['size'];
  const grid = {
    dimension: 3,
    size,
    spacing: [1, 1, 1],
    origin: [0, 0, 0],
    direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  } as const;
  return {
    image: { ...grid, data: readNpy(`${folder}/values.npy.gz`).data },
    labels: Uint8Array.from(readNpy(`${folder}/mask.npy.gz`).data),
  };
}

async function loaded(meta: Meta, folder: string) {
  if (meta.image_type !== 'original') {
    const { image, labels } = recordedImage(folder, meta);
    return { image, mask: { ...image, data: labels }, label: 1 };
  }
  const [image, mask] = await Promise.all([
    readImageFile(sharedPath(meta.image)),
    readImageFile(sharedPath(meta.mask)),
  ]);
  return { image: toVolume(image), mask: toMask(mask), label: meta.label };
}

describeShared('PyRadiomics matrices', () => {
  const engine = useEngine();

  it.each(folders)('%s', async (name) => {
    const folder = sharedPath(root, name);
    const npy = (file: string) =>
      readNpy(existsSync(`${folder}/${file}.npy`) ? `${folder}/${file}.npy` : `${folder}/${file}.npy.gz`);
    const meta = JSON.parse(readFileSync(`${folder}/meta.json`, 'utf8')) as Meta;
    const { image, mask, label } = await loaded(meta, folder);
    const known = findMaskLabels(mask);
    const selections = [resolveSelection([label], known)];
    const settings = parseSettings({ binWidth: meta.settings.binWidth });
    const input = {
      engine: engine(),
      image: hostIntensities(image),
      labels: known.packed,
      selections,
      settings,
      types: wantedImageTypes(),
      source: null,
      mask,
      loaded: null,
    };
    const pass = await preparePass(input);
    const counts = await countPass(input, pass, wantedFeatures(textures));
    engine().release(...pass.buffers);
    await pass.lines.release();
    const table = levelTable(counts, 0);
    const rows = Array.from(table.levels);
    expect(rows.at(-1)).toBeLessThanOrEqual(meta.Ng);

    const digital = npy('image').data;
    const histogram = rows.map((level) => digital.reduce((n, v) => n + Number(v === level), 0));
    expect(Array.from(table.histogram)).toEqual(histogram);

    const ng = meta.Ng;
    const angles = npy('angles_glcm');
    const angleOf = (offset: readonly number[]) => {
      for (let a = 0; a < angles.shape[0]!; a++) {
        if ([0, 1, 2].every((k) => angles.data[3 * a + k] === offset[2 - k])) return a;
      }
      throw new Error(`angle ${offset} is not recorded`);
    };
    const glcm = npy('glcm');
    const na = glcm.shape[2]!;
    const ours = glcmOf(counts, 0);
    ours.offsets.forEach((offset, angle) => {
      const recorded = rows.flatMap((i) => rows.map((j) => glcm.data[((i - 1) * ng + j - 1) * na + angleOf(offset)]));
      const n = rows.length;
      expect(Array.from(ours.counts.subarray(angle * n * n, (angle + 1) * n * n)), `glcm ${offset}`).toEqual(recorded);
    });

    const glrlm = npy('glrlm');
    const runs = glrlmOf(counts, 0);
    runs.offsets.forEach((offset, angle) => {
      const [, recordedRuns, recordedAngles] = glrlm.shape as [number, number, number];
      const found = rows.flatMap((_, row) =>
        Array.from({ length: recordedRuns }, (_run, k) =>
          k < runs.maxRun ? runs.counts[(angle * rows.length + row) * runs.maxRun + k] : 0,
        ),
      );
      const recorded = rows.flatMap((i) =>
        Array.from(
          { length: recordedRuns },
          (_run, k) => glrlm.data[((i - 1) * recordedRuns + k) * recordedAngles + angleOf(offset)],
        ),
      );
      expect(found, `glrlm ${offset}`).toEqual(recorded);
    });

    const glszm = npy('glszm');
    const { counts: zoneCounts, large } = counts.zones!;
    const zones = decodeZones(zoneCounts, large, 0, rows.length);
    const dense = new Float64Array(glszm.data.length);
    zones.row.forEach((row, k) => {
      dense[(rows[row]! - 1) * glszm.shape[1]! + zones.size[k]! - 1] = zones.count[k]!;
    });
    expect(dense).toEqual(glszm.data);

    const gldm = npy('gldm');
    const dependences = gldmOf(counts, 0);
    const columns = gldm.shape[1]!;
    const recordedDependences = rows.flatMap((i) =>
      Array.from({ length: columns }, (_, d) => gldm.data[(i - 1) * columns + d]),
    );
    const foundDependences = rows.flatMap((_, row) =>
      Array.from({ length: columns }, (_d, d) =>
        d < dependences.maxDependence ? dependences.counts[row * dependences.maxDependence + d] : 0,
      ),
    );
    expect(foundDependences).toEqual(recordedDependences);

    const ngtdm = npy('ngtdm');
    const tones = ngtdmOf(counts, 0);
    rows.forEach((i, row) => {
      expect(tones.voxels[row]).toBe(ngtdm.data[(i - 1) * 3]);
      let sum = 0;
      for (let c = 1; c <= tones.maxNeighbours; c++) sum += tones.differences[row * tones.maxNeighbours + c - 1]! / c;
      // PyRadiomics adds up rounded quotients, here they are added exactly: 1e-12 relative for some thousand voxels.
      expect(Math.abs(sum - ngtdm.data[(i - 1) * 3 + 1]!)).toBeLessThanOrEqual(1e-12 * Math.max(sum, 1));
    });
  });
});
