import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Recording } from '../../src/engine/index.ts';
import { controlBytes } from '../../src/pipeline/n4/control.ts';
import { latticeOf, nodesOf } from '../../src/pipeline/n4/field-volume.ts';
import { recordField } from '../../src/pipeline/n4/field.ts';
import { layOut, shrunkAxes } from '../../src/pipeline/n4/grid.ts';
import { recordIteration, recordWeighing, runOf } from '../../src/pipeline/n4/iterate.ts';
import { recordExpand } from '../../src/pipeline/n4/lattice.ts';
import { levelOf, spreadOf } from '../../src/pipeline/n4/level.ts';
import { packBits } from '../../src/pipeline/n4/mask.ts';
import { checkOptions } from '../../src/pipeline/n4/options.ts';
import { recordSharpen } from '../../src/pipeline/n4/sharpen.ts';
import { recordShrink } from '../../src/pipeline/n4/shrink.ts';
import { refined } from '../../src/pipeline/n4/spline.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import { evaluate, refine } from '../reference/n4/n4.ts';
import { useEngine } from '../support/engine.ts';
import { readNpy } from '../support/npy.ts';
import { volumeOf } from '../support/region.ts';
import { describeShared, hasShared, sharedPath } from '../support/shared.ts';

/** Log units: the agreement that one stage must reach. */
const STAGE = 1e-6;
/** Relative: sums of 16,000 terms in float32, in pieces. */
const CONVERGENCE = 1e-4;

interface Stage {
  readonly tag: string;
  readonly level: number;
  readonly convergence_float64: number;
}

const names = ['brain1_crop', 'brain1_slab'] as const;
const stagesOf = (name: string): Stage[] =>
  hasShared ? JSON.parse(readFileSync(sharedPath('reference/n4/stages', name, 'stages.json'), 'utf8')).stages : [];
const cases = names.flatMap((name) =>
  stagesOf(name).map((stage, k, all) => ({ name, stage, before: all[k - 1] ?? null, title: `${name} ${stage.tag}` })),
);

const floats = (words: Uint32Array) => new Float32Array(words.buffer, words.byteOffset, words.length);

/** The lattice at the start of a stage: what the stage before left, subdivided at the start of a level. */
function startOf(folder: string, stage: Stage, before: Stage | null): { size: Vec3; data: Float64Array } {
  if (!before) return { size: [4, 4, 4], data: new Float64Array(64) };
  const { shape, data } = readNpy(`${folder}/${before.tag}_lattice.npy`);
  const lattice = { size: [...shape].reverse() as unknown as Vec3, data };
  return before.level === stage.level ? lattice : refine(lattice, false);
}

describeShared('one iteration of N4 from the reference lattice', () => {
  const engine = useEngine();

  it.each(cases)('$title', async ({ name, stage, before }) => {
    const folder = sharedPath('reference/n4/stages', name);
    const file = readNpy(`${folder}/image.npy`);
    const size = [...file.shape].reverse() as unknown as Vec3;
    const image = volumeOf(Float32Array.from(file.data), size);
    const settings = checkOptions(image, { shrink: 1, iterations: [1], tolerance: 0 });
    const start = startOf(folder, stage, before);
    const grid = layOut(image, settings);
    const rec = new Recording('test');
    const software = engine().caps.software;
    const mask = rec.upload('mask', packBits({ data: Uint8Array.from(readNpy(`${folder}/mask.npy`).data) }));
    const voxels = rec.upload('image', image.data);
    // Active from the start, so that n4/field evaluates the given lattice.
    const control = rec.upload(
      'control',
      Uint32Array.from({ length: controlBytes(1) / 4 }, (_, i) => Number(i === 0)),
    );
    const shrunk = recordShrink(rec, voxels, mask, null, grid, rec.zeros('range', controlBytes(1)));
    const run = runOf(rec, shrunk, control, grid, settings, software);
    const axes = shrunkAxes(grid, start.size);
    const nodes = rec.upload('nodes', nodesOf(start.data));
    const level = levelOf(rec, spreadOf(rec, size, axes, start.size, nodes, software));
    recordExpand(rec, level);
    recordField(rec, run, level);
    recordWeighing(rec, run, level);
    // The moments of the evaluation above are not those of an iteration.
    rec.commands.push({ from: rec.zeros('zero', run.moments.rows.bytes), to: run.moments.rows });
    recordIteration(rec, run, level, 0, true);
    recordSharpen(rec, run, { level: 0, levelStart: false, finish: true });
    const [lattice, convergence] = [rec.download(nodes), rec.download(run.convergence)];
    const results = await engine().execute(rec);
    engine().release(...rec.kept);

    const found = latticeOf(floats(results.u32(lattice)), start.data.length);
    const field = evaluate({ size: start.size, data: found }, size).data;
    const expected = readNpy(`${folder}/${stage.tag}_log_field.npy.gz`).data;
    const worst = field.reduce((most, f, i) => Math.max(most, Math.abs(f - expected[i]!)), 0);
    console.log(
      stage.tag,
      worst.toExponential(1),
      floats(results.u32(convergence)).join(' '),
      stage.convergence_float64,
    );
    expect(worst).toBeLessThan(STAGE);
    expect(refined(4)).toBe(5);
    expect(Math.abs(floats(results.u32(convergence))[0]! / stage.convergence_float64 - 1)).toBeLessThan(CONVERGENCE);
  });
});
