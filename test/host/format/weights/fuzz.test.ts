/** Damaged files of weights never crash, hang or allocate without bounds: they are refused, or hold usable weights. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readWeightsFile, selectWeights } from '../../../../src/host/format/weights/index.ts';
import { PipelineError } from '../../../../src/pipeline/errors.ts';
import { random } from '../../../support/random.ts';
import { describeShared, sharedPath } from '../../../support/shared.ts';

const rounds = 120;
/** Names, shapes and offsets lie at the ends of a file, values between them. */
const structureBytes = 16384;

/** A copy that is cut, or has some bits or bytes changed, mostly where the structure lies. */
function damaged(bytes: Uint8Array, next: () => number): Uint8Array {
  const below = (n: number) => Math.floor(next() * n);
  if (next() < 0.2) return bytes.slice(0, below(bytes.length));
  const copy = bytes.slice();
  const flips = 1 + below(next() < 0.5 ? 1 : 24);
  for (let i = 0; i < flips; i++) {
    const [place, ends] = [next(), Math.min(structureBytes, bytes.length)];
    const at = place < 0.5 ? below(ends) : place < 0.8 ? bytes.length - 1 - below(ends) : below(bytes.length);
    if (next() < 0.5) copy[at]! ^= 1 << below(8);
    else copy[at] = [0, 0x7f, 0x80, 0xff, below(256)][below(5)]!;
  }
  return copy;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

describeShared('damaged files of weights', () => {
  const folder = (name: string) => sharedPath('reference/resnet/weights', name);
  const { files } = JSON.parse(readFileSync(folder('expected.json'), 'utf8')) as { readonly files: object };

  test.each(Object.keys(files))('%s', (name) => {
    const bytes = new Uint8Array(readFileSync(folder(name)));
    const next = random(name.length * 7919 + bytes.length);
    const outcomes = { refused: 0, loaded: 0 };
    for (let round = 0; round < rounds; round++) {
      const sample = damaged(bytes, next);
      try {
        const file = readWeightsFile(sample, name);
        // No tensor is decoded yet. What could be is in proportion to the file.
        const values = [...file.tensors.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
        expect(values).toBeLessThanOrEqual(4 * sample.length);
        const { weights } = selectWeights(file, name);
        for (const { shape, data } of weights.values()) expect(data.length).toBe(sizeOf(shape));
        outcomes.loaded++;
      } catch (error) {
        if (!(error instanceof PipelineError)) throw error;
        expect(['BadFile', 'BadWeights']).toContain(error.code);
        expect(error.message.length).toBeLessThan(2000);
        outcomes.refused++;
      }
    }
    // Both happen, or the damage is not what is tested.
    expect(outcomes.refused).toBeGreaterThan(0);
    expect(outcomes.loaded).toBeGreaterThan(0);
  });
});
