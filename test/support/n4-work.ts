/** Which whole runs of N4 SwiftShader is spared: several times slower than lavapipe, it does the stages and the short runs. */
import type { TestContext } from 'vitest';
import type { Engine } from '../../src/engine/index.ts';
import { isSwiftShader } from './engine.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';

/** Voxels of the shrunk grid times iterations: about a second each. */
const MOST_ON_SWIFTSHADER = 3e6;

/**
 * Skips a test whose run is too long for this adapter, with a printed reason.
 * @param size of the image
 * @param iterations of each level, at most
 */
export function skipLongRun(
  { task, skip }: TestContext,
  engine: Engine,
  size: Vec3,
  shrink: number,
  iterations: readonly number[],
): void {
  if (!isSwiftShader(engine)) return;
  const voxels = size.reduce((n, length) => n * Math.max(1, Math.floor(length / shrink)), 1);
  const work = voxels * iterations.reduce((a, b) => a + b, 0);
  if (work <= MOST_ON_SWIFTSHADER) return;
  const millions = (n: number) => (n / 1e6).toFixed(1);
  const reason = `${millions(work)} million voxels times iterations, at most ${millions(MOST_ON_SWIFTSHADER)} on SwiftShader`;
  console.log(`${task.name}: skipped, ${reason}`);
  skip(reason);
}
