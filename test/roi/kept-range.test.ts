/** Which intensities stay in a region: ranges by each mode, standard deviations, and both. */
import { describe, expect, it } from 'vitest';
import { extract } from '../../src/pipeline/extract.ts';
import { keptRange, needsMoments, resegments } from '../../src/pipeline/roi/resegment.ts';
import { parseSettings, type SettingsInput } from '../../src/pipeline/settings.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import { useEngine } from '../support/engine.ts';
import { random } from '../support/random.ts';
import { volumeOf } from '../support/region.ts';

const region = { maximum: 200, moments: () => ({ mean: 50, std: 20 }) };
const infinite = Number.NEGATIVE_INFINITY;

describe('the kept range', () => {
  it.each([
    [{ resegmentRange: [90, -10] }, -10, 90],
    [{ resegmentRange: [-10] }, -10, null],
    [{ resegmentRange: [0.25, 0.5], resegmentMode: 'relative' }, 50, 100],
    [{ resegmentRange: [-1, 2], resegmentMode: 'sigma' }, 30, 90],
    [{ resegmentSigmas: 3 }, -10, 110],
    [{ resegmentSigmas: 3, resegmentRange: [0, 400] }, 0, 110],
    [{ resegmentSigmas: 3, resegmentRange: [-400, 80] }, -10, 80],
    [{ resegmentSigmas: 3, resegmentRange: [0] }, 0, 110],
    [{ resegmentSigmas: 1, resegmentRange: [0.2, 0.3], resegmentMode: 'relative' }, 40, 60],
    [{}, infinite, null],
  ] as [SettingsInput, number, number | null][])('of %j is %d to %j', (settings, lower, upper) => {
    expect(keptRange(parseSettings(settings), region)).toEqual({ lower, upper });
  });

  it('asks for mean and deviation only where they matter', () => {
    const never = {
      maximum: 1,
      moments: () => {
        throw new Error('asked');
      },
    };
    const plain = parseSettings({ resegmentRange: [0, 1] });
    expect(needsMoments(plain)).toBe(false);
    expect(keptRange(plain, never)).toEqual({ lower: 0, upper: 1 });
    expect(needsMoments(parseSettings({ resegmentMode: 'sigma' }))).toBe(false);
    expect(needsMoments(parseSettings({ resegmentSigmas: 2 }))).toBe(true);
    expect([{}, { resegmentSigmas: 2 }, { resegmentRange: [1] }].map((s) => resegments(parseSettings(s)))).toEqual([
      false,
      true,
      true,
    ]);
  });
});

describe('resegmentSigmas', () => {
  const engine = useEngine();
  const size: Vec3 = [8, 7, 6];
  const next = random(9);
  const values = Int16Array.from({ length: 336 }, () => Math.round(100 * (next() + next() + next()) - 150));
  const image = volumeOf(values, size);
  const mask = { ...image, data: new Uint8Array(336).fill(1) };
  const mean = values.reduce((a, b) => a + b, 0) / 336;
  const std = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 336);

  it.each([null, [-60, 400]])('is measured on the whole region, beside the range %j', async (resegmentRange) => {
    const [low, high] = resegmentRange ?? [infinite, Number.POSITIVE_INFINITY];
    const kept = Array.from(values).filter((x) => Math.abs(x - mean) <= 1.2 * std && x >= low! && x <= high!);
    expect(kept.length).toBeLessThan(300);
    const [row] = await extract(engine(), image, mask, {
      settings: { resegmentSigmas: 1.2, resegmentRange },
      classes: { firstorder: ['Minimum', 'Maximum', 'Energy'] },
    });
    expect(row).toMatchObject({
      original_firstorder_Minimum: Math.min(...kept),
      original_firstorder_Maximum: Math.max(...kept),
      original_firstorder_Energy: kept.reduce((sum, x) => sum + x * x, 0),
    });
  });

  it('says what has left nothing', async () => {
    const options = { settings: { resegmentSigmas: 1, resegmentRange: [500, 600] }, classes: ['firstorder'] as const };
    await expect(extract(engine(), image, mask, options)).rejects.toThrow(
      /resegmentRange \[500,600\] \(absolute\) with resegmentSigmas 1 keeps 0 of 336 voxels/,
    );
  });
});
