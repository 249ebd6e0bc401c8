/** What PyRadiomics' published notebooks print for brain1 (version 2.1.2). */
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { beforeAll, expect, it } from 'vitest';
import { extractFiles } from '../../src/host/node/extract-files.ts';
import type { Row } from '../../src/pipeline/row.ts';
import { useEngine } from '../support/engine.ts';
import { describeShared, sharedPath } from '../support/shared.ts';
import { differences } from './compare.ts';
import { expectDiagnostics } from './diagnostics.ts';
import { caseFiles } from './presets.ts';

/** As in features.test.ts: only the order of float64 operations differs; MCC is an eigenvalue. */
const ORIGINAL = 1e-9;
const MCC = 1e-6;
/** Derived images: pairs of float32. */
const DERIVED = 1e-6;

interface Printed {
  readonly notebook: string;
  readonly section: string;
  readonly feature: string;
  readonly value: string;
}

/** Names of the notebook's sections. */
const sections: Readonly<Record<string, string>> = { shape: 'shape', GLCM: 'glcm', GLRLM: 'glrlm', GLSZM: 'glszm' };

/** Our column of a printed value. */
function columnOf({ section, feature }: Printed): string {
  if (section) return `original_${sections[section]}_${feature}`;
  if (/^(diagnostics|original)_/.test(feature)) return feature;
  const derived = /^(log-sigma-[\d-]+-mm-3D|wavelet-[LH]{3})_(\w+)$/.exec(feature);
  return derived ? `${derived[1]}_firstorder_${derived[2]}` : `original_firstorder_${feature}`;
}

/** Text of Python as a value: tuples are lists. */
function parsed(text: string): unknown {
  if (/^\(.*\)$/.test(text)) return JSON.parse(`[${text.slice(1, -1)}]`) as unknown;
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

describeShared('PyRadiomics’ notebooks', () => {
  const engine = useEngine();
  let row: Row;
  let printed: Printed[];
  beforeAll(async () => {
    const { image, mask } = caseFiles('brain1');
    // helloFeatureClass filters with 1, 3 and 5 mm.
    [row] = (await extractFiles(engine(), sharedPath(image), sharedPath(mask), {
      imageTypes: { Original: {}, LoG: { sigma: [1, 3, 5] }, Wavelet: {} },
    })) as [Row];
    const file = sharedPath('data/pyradiomics/notebook_outputs_brain1.csv');
    printed = parse(readFileSync(file), { columns: true, bom: true }) as Printed[];
  });

  it.each(['helloFeatureClass.ipynb', 'helloRadiomics.ipynb', 'PyRadiomicsExample.ipynb'])('%s', (notebook) => {
    const entries = printed
      .filter((one) => one.notebook === notebook)
      .map((one) => [columnOf(one), parsed(one.value)] as const);
    expect(new Set(entries.map(([column]) => column)).size).toBe(entries.length);
    const features = Object.fromEntries(entries.filter(([column]) => !column.startsWith('diagnostics_')));
    const tolerance = (column: string) =>
      column.endsWith('_MCC') ? MCC : column.startsWith('original_') ? ORIGINAL : DERIVED;
    expect(Object.keys(features).length).toBeGreaterThan(0);
    expect(differences(row, features, ORIGINAL).filter((d) => d.relative > tolerance(d.column))).toEqual([]);
    const diagnostics = entries.flatMap(([column, value]) =>
      column.startsWith('diagnostics_') ? [[column.replace('diagnostics_', ''), value] as const] : [],
    );
    expectDiagnostics(row, Object.fromEntries(diagnostics));
  });

  it('are these three', () => {
    expect([...new Set(printed.map(({ notebook }) => notebook))]).toHaveLength(3);
  });
});
