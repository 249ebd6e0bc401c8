/** The presets of IBSI 1: one extraction of the CT phantom's files gives the consensus values of its configuration. */
import { expect, it } from 'vitest';
import { readCtPhantom } from '../../src/host/node/ibsi-data.ts';
import { readParams } from '../../src/host/node/params.ts';
import { featureClasses, featureNames } from '../../src/pipeline/classes.ts';
import { extract } from '../../src/pipeline/extract.ts';
import { columnOf } from '../../src/pipeline/verify/names.ts';
import { ibsi1References } from '../../src/pipeline/verify/reference.ts';
import { isSwiftShader, useEngine } from '../support/engine.ts';
import { describeShared, sharedPath } from '../support/shared.ts';

/** Values of one extraction: every feature of IBSI with a consensus, of matrices as means over directions. C lacks one. */
const checked = { A: 169, B: 169, C: 168, D: 169, E: 169 } as const;

describeShared('the presets of IBSI 1', () => {
  const engine = useEngine();

  it.for(['A', 'B', 'C', 'D', 'E'] as const)(
    'ibsi1-%s gives the values of the configuration',
    async (set, { skip }) => {
      if (set !== 'C' && isSwiftShader(engine())) skip('ten seconds each on SwiftShader; C stands for all');
      const { image, mask } = (await readCtPhantom(sharedPath('data/ibsi1')))!;
      const { settings, imageTypes, classes } = await readParams(`ibsi1-${set.toLowerCase()}`);
      const [row] = await extract(engine(), image, mask, { settings, imageTypes, classes });
      const aggregation = settings.force2D ? '2_5D' : '3D';
      const found = ibsi1References(set).flatMap(({ tag, value, tolerance }) => {
        const column = columnOf(tag);
        const ours = column && ['3D', aggregation, `${aggregation}_avg`].includes(column.aggregation);
        return ours && value !== null ? [{ tag, value, tolerance: tolerance!, column: column.column }] : [];
      });
      for (const { tag, value, tolerance, column } of found)
        expect(Math.abs((row![column] as number) - value), `${tag} = ${row![column]}`).toBeLessThanOrEqual(tolerance);
      expect(found.length).toBe(checked[set]);
      // Every class of IBSI is there, with all its features.
      const columns = Object.keys(row!).filter((name) => name.startsWith('original_'));
      const expected = featureClasses
        .filter((name) => name in classes)
        .flatMap((name) => featureNames(name).map((feature) => `original_${name}_${feature}`));
      expect(expected).toEqual(expect.arrayContaining(columns));
      expect(new Set(columns.map((name) => name.split('_')[1])).size).toBe(11);
      expect(row!['voxomics_reasons']).toEqual({});
    },
  );
});
