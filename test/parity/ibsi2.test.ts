/** IBSI 2's filters against the consensus response maps of phase 1. */
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { findMaps } from '../../src/host/node/ibsi-data.ts';
import { ibsiFilter } from '../../src/pipeline/filter/ibsi/index.ts';
import { worstVoxel } from '../../src/pipeline/verify/check-maps.ts';
import { MAP_TOLERANCE, responseMaps } from '../../src/pipeline/verify/ibsi2-filters.ts';
import { isSwiftShader, useEngine } from '../support/engine.ts';
import { describeShared, sharedPath } from '../support/shared.ts';

/** Gabor filters of thousands of weights, in many directions, take long on two cores. */
const PATIENCE = 300_000;

/** Float32 of a map that all teams have alike. */
const FLOAT32 = 1e-6;

/** Maps of which the reference is a mean: some teams have the frequencies of the discrete transform, others ours. */
const meanOfTeams: readonly string[] = ['8.a.1', '9.a', '9.b.1', '10.b.1'];

describeShared('response maps of IBSI 2', () => {
  const engine = useEngine();

  it.for(responseMaps)('$id', { timeout: PATIENCE }, async ({ id, phantom, spec }, { skip }) => {
    if (spec.filter === 'gabor' && spec.thetaStep !== undefined && isSwiftShader(engine()))
      skip('rotated Gabor filters take SwiftShader most of a minute; test/filter holds them against their twin there');
    const data = (await findMaps(sharedPath('data')))!;
    const worst = worstVoxel(await ibsiFilter(engine(), await data.phantom(phantom), spec), await data.reference(id));
    expect(worst).toBeLessThanOrEqual(MAP_TOLERANCE);
    if (spec.filter === 'simoncelli' && !meanOfTeams.includes(id)) expect(worst).toBeLessThanOrEqual(FLOAT32);
  });

  it('are all that the initiative publishes', () => {
    const files = readdirSync(sharedPath('data/ibsi2/reference_response_maps')).filter((name) => /\.nii/.test(name));
    const ids = responseMaps.map(({ id }) => `${id.replaceAll('.', '_')}-ValidCRM.nii.gz`);
    expect(ids.sort()).toEqual(files.sort());
  });
});
