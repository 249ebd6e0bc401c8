import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseDataset } from '../../../../src/host/format/dicom/dataset.ts';
import { tags } from '../../../../src/host/format/dicom/tags.ts';
import { describeShared, sharedPath } from '../../../support/shared.ts';

describeShared('transfer syntaxes', () => {
  const folder = sharedPath('data/dicom_geometry/transfer_syntax');

  it('reads the elements of every file', () => {
    for (const file of readdirSync(folder)) {
      const dataset = parseDataset(readFileSync(`${folder}/${file}`), file);
      if (dataset.modality === 'RTSTRUCT') expect(dataset.sequence('30060020')).toHaveLength(3);
      else expect(dataset.has(tags.pixels)).toBe(true);
      expect(dataset.has('00100010')).toBe(false);
    }
  });
});
