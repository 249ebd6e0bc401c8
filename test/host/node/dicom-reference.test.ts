/** DICOM series beside dcm2niix: affines and hashes of the voxels. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { DecodedImage } from '../../../src/host/format/decoded.ts';
import { findSeries, readDicom } from '../../../src/host/node/dicom-source.ts';
import { expectClose } from '../../support/close.ts';
import { unpacked } from '../../support/dicom-archive.ts';
import { describeShared, sharedPath } from '../../support/shared.ts';

interface Reference {
  readonly shape: readonly number[];
  readonly dtype: 'float64' | 'int16';
  readonly zooms: readonly number[];
  readonly affine_RAS: readonly (readonly number[])[];
  readonly sha256_fortran_order_native_le: string;
  readonly sum: number;
}

/** dcm2niix writes rows from the last to the first. */
function flipped({ data, size }: DecodedImage, dtype: Reference['dtype']): Uint8Array {
  const [nx, ny, nz] = size;
  const out = dtype === 'float64' ? new Float64Array(data.length) : new Int16Array(data.length);
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++) out[x + nx * (ny - 1 - y + ny * z)] = data[x + nx * (y + ny * z)]!;
    }
  }
  return new Uint8Array(out.buffer);
}

/** The affine to RAS of the image with its rows turned round. */
function affine({ size, spacing, origin, direction }: DecodedImage): number[][] {
  return [0, 1, 2].map((row) => {
    const sign = row < 2 ? -1 : 1;
    const column = (axis: number) => sign * direction[3 * row + axis]! * spacing[axis]!;
    return [column(0), -column(1), column(2), sign * origin[row]! + (size[1] - 1) * column(1)];
  });
}

/**
 * The reference's affine is float32, and its distance of slices is that of the first two, whose positions are rounded:
 * 7e-6 mm a slice in the oblique series, 40 times that in the origin, which is at the other end.
 */
const columnTolerance = 1e-5;
const originTolerance = 5e-4;

describeShared('dcm2niix', () => {
  const references = JSON.parse(
    readFileSync(sharedPath('data/dicom_geometry/dcm2niix_reference.json'), 'utf8'),
  ) as Record<string, Reference>;
  const archive = (path: string) => unpacked(sharedPath('data', path));

  function compare(images: readonly DecodedImage[], name: string): void {
    const reference = references[name]!;
    const hash = createHash('sha256');
    for (const image of images) {
      expect(image.size).toEqual(reference.shape.slice(0, 3));
      affine(image).forEach((row, i) => {
        row.forEach((value, j) => {
          const tolerance = j < 3 ? columnTolerance : originTolerance;
          expectClose(value, reference.affine_RAS[i]![j]!, { abs: tolerance, what: `affine, row ${i} column ${j}` });
        });
      });
      hash.update(flipped(image, reference.dtype));
    }
    expect(hash.digest('hex')).toBe(reference.sha256_fortran_order_native_le);
  }

  it('CT phantom of IBSI', async () => {
    const folder = sharedPath('data/ibsi1/ibsi_1_ct_radiomics_phantom/dicom/image');
    compare([await readDicom(folder)], 'ibsi1_ct_phantom');
  });

  it('oblique MR beside an RTSTRUCT', async () => {
    const folder = archive('dicom_geometry/STS_001_raw_MR_T1_oblique_DICOM_RTSTRUCT.tar.xz');
    const { series, others } = await findSeries(folder);
    expect(others.map(({ what }) => what)).toEqual(['RTSTRUCT']);
    expect(series).toMatchObject([{ modality: 'MR', size: [512, 512, 40], problems: [], files: 40 }]);
    compare([await readDicom(folder)], 'STS_001_raw_MR_T1');
  });

  it('ADC map', async () => {
    compare([await readDicom(archive('dicom_geometry/CMB-CRC_SCAN_001_ADC_DICOM.tar.xz'))], 'CMB-CRC_SCAN_001_ADC');
  });

  it('three time points of a breast MRI', async () => {
    const folder = archive('breast_mri/UCSF-BR-06_dce_3timepoints_DICOM.tar.xz');
    const { series } = await findSeries(folder);
    expect(series).toMatchObject([
      { phases: ['ContentTime 1', 'ContentTime 2', 'ContentTime 3'], size: [256, 256, 60], files: 180, problems: [] },
    ]);
    const phases = [];
    for (const phase of [1, 2, 3]) phases.push(await readDicom(folder, { phase }));
    compare(phases, 'UCSF-BR-06_dce');
    await expect(readDicom(folder)).rejects.toMatchObject({ code: 'BadSeries' });
  });
});
