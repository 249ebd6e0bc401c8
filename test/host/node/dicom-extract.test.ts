/** Extraction straight from DICOM: the same features as from the NIfTI files made of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readDicom } from '../../../src/host/node/dicom-source.ts';
import { type ExtractFilesOptions, extractFiles } from '../../../src/host/node/extract-files.ts';
import { readMaskFile } from '../../../src/host/node/read-mask.ts';
import { writeImageFile } from '../../../src/host/node/write-image.ts';
import type { Row } from '../../../src/pipeline/row.ts';
import { expectClose } from '../../support/close.ts';
import { unpacked } from '../../support/dicom-archive.ts';
import { useEngine } from '../../support/engine.ts';
import { describeShared, sharedPath } from '../../support/shared.ts';

/** Voxels are the same; lengths and volumes follow spacings, which NIfTI holds in single precision. */
const spacingTolerance = 1e-6;
const voxelTolerance = 1e-12;

function expectSame(found: readonly Row[], expected: readonly Row[]): void {
  expect(found).toHaveLength(expected.length);
  expected.forEach((row, r) => {
    const columns = Object.keys(row).filter((c) => c.startsWith('original_'));
    expect(columns.length).toBeGreaterThan(40);
    for (const column of columns) {
      const rel = /_shape_|_firstorder_TotalEnergy$/.test(column) ? spacingTolerance : voxelTolerance;
      expectClose(found[r]![column] as number, row[column] as number, { rel, what: column });
    }
  });
}

describeShared('extraction from DICOM', () => {
  const engine = useEngine();
  const folder = mkdtempSync(join(tmpdir(), 'voxomics-dicom-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = (image: string, mask: string, options?: ExtractFilesOptions) =>
    extractFiles(engine(), image, mask, options);

  it('CT phantom of IBSI and its structure set, beside IBSI’s own NIfTI pair', async () => {
    const at = (path: string) => sharedPath('data/ibsi1/ibsi_1_ct_radiomics_phantom', path);
    const settings = { binWidth: 25, resegmentRange: [-500, 400] };
    const rows = await run(at('dicom/image'), at('dicom/mask/DCM_RS_00060.dcm'), { settings });
    expect(rows.map((row) => row['voxomics_region'])).toEqual(['GTV-1']);
    expectSame(rows, await run(at('nifti/image/phantom.nii.gz'), at('nifti/mask/mask.nii.gz'), { settings }));
    // A mask of single precision beside the image of double precision.
    const mixed = await run(at('dicom/image'), at('nifti/mask/mask.nii.gz'), { settings });
    expectSame(mixed, rows);
  });

  it('UCSF-BR-06 and its segmentation, beside what is converted and beside the NIfTI mask', async () => {
    const scan = unpacked(sharedPath('data/breast_mri/UCSF-BR-06_dce_3timepoints_DICOM.tar.xz'));
    const seg = sharedPath('data/breast_mri/UCSF-BR-06_breast_SEG.dcm');
    const image = { phase: 2 };
    const rows = await run(scan, seg, { image, mask: { regions: ['breast'] } });
    expect(rows.map((row) => row['voxomics_region'])).toEqual(['Breast']);
    const [imageFile, maskFile] = [join(folder, 'image.nii.gz'), join(folder, 'mask.nii.gz')];
    const volume = await readDicom(scan, image);
    await writeImageFile(imageFile, volume);
    await writeImageFile(maskFile, (await readMaskFile(seg)).place(volume).mask);
    expectSame(await run(imageFile, maskFile), rows);
    const nifti = sharedPath('data/breast_mri/UCSF-BR-06_breast_fgt_mask.nii.gz');
    // dcm2niix turned its rows round: another grid with the same voxels.
    expectSame(await run(scan, nifti, { image, geometry: 'resample-mask' }), rows);
  });
});
