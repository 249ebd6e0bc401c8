import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseDataset } from '../../../../src/host/format/dicom/dataset.ts';
import { describeShared, sharedPath } from '../../../support/shared.ts';

describeShared('transfer syntaxes', () => {
  const folder = sharedPath('data/dicom_geometry/transfer_syntax');
  it('parses every file', () => {
    for (const file of readdirSync(folder)) {
      const dataset = parseDataset(readFileSync(`${folder}/${file}`), file);
        file,
        dataset.transferSyntax,
        dataset.modality,
        dataset.integer(tags.rows),
        dataset.numbers(tags.pixelSpacing),
        dataset.string(tags.seriesDescription),
        dataset.sequence('30060020').length,
        dataset.bytes(tags.pixels)?.length,
        dataset.fragments(tags.pixels)?.pieces.length,
      );
      expect(dataset.complete).toBe(true);
    }
  });
});
