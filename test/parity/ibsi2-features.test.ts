/** IBSI 2's filters against the consensus features of phase 2: statistics of the filtered CT phantom in its tumour. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { readCtPhantom } from '../../src/host/node/ibsi-data.ts';
import { checkSet, type Phantom } from '../../src/pipeline/verify/check.ts';
import { phase2Configuration } from '../../src/pipeline/verify/configurations.ts';
import { phase2Filter } from '../../src/pipeline/verify/ibsi2-filters.ts';
import { wholeUnits } from '../../src/pipeline/verify/index.ts';
import { ibsi2References, ibsi2Sets } from '../../src/pipeline/verify/reference.ts';
import { isSwiftShader, useEngine } from '../support/engine.ts';
import { describeShared, sharedPath } from '../support/shared.ts';

/** Gabor filters take SwiftShader more than a minute. */
const PATIENCE = 300_000;

describeShared('features of IBSI 2', () => {
  const engine = useEngine();
  let phantom: Phantom;
  beforeAll(async () => {
    phantom = wholeUnits((await readCtPhantom(sharedPath('data/ibsi1')))!);
  });

  it.for(ibsi2Sets)('%s as published', (set) => {
    const published = readFileSync(sharedPath('data/ibsi2/reference_feature_values/reference_values.csv'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.trim().split(';'))
      .filter(([id]) => id === set)
      .map(([, , tag, value, tolerance]) => ({
        tag,
        value: value ? Number(value) : null,
        tolerance: tolerance ? Number(tolerance) : null,
      }));
    const ours = ibsi2References(set).map(({ tag, value, tolerance }) => ({ tag, value, tolerance }));
    expect(ours).toEqual(published);
    expect(ours).toHaveLength(18);
  });

  it.for(ibsi2Sets)('%s', { timeout: PATIENCE }, async (set, { skip }) => {
    if (phase2Filter(set)?.filter === 'gabor' && isSwiftShader(engine()))
      skip('Gabor filters take minutes on SwiftShader; test/filter holds them against their twin there');
    if (set.endsWith('.B') && isSwiftShader(engine()))
      skip('volumes of millions of voxels take SwiftShader half a minute each; it has the sets of slices');
    const rows = await checkSet(engine(), phantom, phase2Configuration(set), ibsi2References(set));
    const off = rows
      .filter(({ status }) => status === 'differs')
      .map(({ tag, value, reference, tolerance }) => `${tag}: ${value} is not ${reference} +- ${tolerance}`);
    expect(off).toEqual([]);
    // One value is without a consensus.
    expect(rows.filter(({ status }) => status === 'agrees')).toHaveLength(set === '8.B' ? 17 : 18);
  });
});
