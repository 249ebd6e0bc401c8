/** Cohorts: the cases file, bad cases, resuming, replacing a lost device. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeviceLostError } from '../../../src/engine/index.ts';
import { createEngine } from '../../../src/host/node/adapters.ts';
import { readCases } from '../../../src/host/node/cases.ts';
import { extractCases } from '../../../src/host/node/extract-cases.ts';
import { openJournal } from '../../../src/host/node/journal.ts';
import type { DeepNetwork } from '../../../src/pipeline/nn/deep.ts';
import type { ProgressEvent } from '../../../src/pipeline/progress.ts';
import { useEngine } from '../../support/engine.ts';
import { niftiGz } from '../../support/files.ts';
import { seeThrough } from '../../support/networks.ts';
import { random } from '../../support/random.ts';
import { volumeOf } from '../../support/region.ts';

let folder = '';
const file = (name: string) => join(folder, name);
const write = (name: string, text: string | Uint8Array) => writeFileSync(file(name), text);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'voxomics-cases-'));
  const next = random(6);
  const size = [12, 10, 8] as const;
  for (const name of ['a', 'b', 'c']) {
    const image = Int16Array.from({ length: 960 }, () => next() * 300);
    write(`${name}.nii.gz`, niftiGz(volumeOf(image, size)));
    const mask = Uint8Array.from(image, (_, i) => (i % 12 < 5 ? 1 : i % 12 > 7 ? 2 : 0));
    write(`${name}-mask.nii.gz`, niftiGz(volumeOf(mask, size)));
  }
  write(
    'cases.csv',
    'Patient,Image,Mask,Label\nP1,a.nii.gz,a-mask.nii.gz,\nP2,b.nii.gz,b-mask.nii.gz,all\nP3,none.nii.gz,c-mask.nii.gz,1\nP4,c.nii.gz,c-mask.nii.gz,1+2\n',
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const classes = ['firstorder', 'glcm'] as const;

describe('cases', () => {
  const engine = useEngine();

  it('give rows in their order, with their own columns first, and the reason of a bad one', async () => {
    const rows = await extractCases(engine(), await readCases(file('cases.csv')), { classes });
    expect(rows.map((row) => row['Patient'])).toEqual(['P1', 'P2', 'P2', 'P3', 'P4']);
    expect(Object.keys(rows[0]!).slice(0, 4)).toEqual(['Patient', 'Image', 'Mask', 'Label']);
    expect(rows[3]!['voxomics_error']).toMatchObject({
      code: 'BadFile',
      message: expect.stringContaining('none.nii.gz'),
    });
    expect(rows.filter((row) => typeof row['original_glcm_Contrast'] === 'number')).toHaveLength(4);
  });

  it('go on where a cancelled run stopped', async () => {
    const cases = await readCases(file('cases.csv'));
    const cancel = new AbortController();
    const reason = new Error('enough');
    const first = await openJournal(file('rows.csv'), cases);
    const stopped = extractCases(engine(), cases, {
      classes,
      journal: first,
      inFlight: 1,
      signal: cancel.signal,
      onProgress: ({ done }) => done === 2 && cancel.abort(reason),
    });
    await expect(stopped).rejects.toBe(reason);
    const journal = await openJournal(file('rows.csv'), cases);
    expect([...journal.finished.keys()]).toEqual([0, 1]);
    const events: ProgressEvent[] = [];
    const rows = await extractCases(engine(), cases, { classes, journal, onProgress: (event) => events.push(event) });
    expect(events[0]).toEqual({ stage: 'cases', done: 2, total: 4 });
    expect(rows).toEqual(await extractCases(engine(), cases, { classes }));
    await expect(openJournal(file('rows.csv'), cases.slice(1))).rejects.toMatchObject({ code: 'BadFile' });
    await journal.remove();
    expect(existsSync(file('rows.csv.journal'))).toBe(false);
  });

  it.each([
    ['text', 'kept for myself\n'],
    ['a line without an end', 'kept for myself'],
    ['JSON of something else', '[1, 2]\n{"a": 3}\n'],
    ['nothing but null', 'null\n'],
    ['entries that are none', '{"key":"k"}\n7\n'],
  ])('leave a file alone that has the name of a journal and is none: %s', async (_, text) => {
    write('taken.csv.journal', text);
    await expect(openJournal(file('taken.csv'), [])).rejects.toMatchObject({
      code: 'BadFile',
      message: expect.stringMatching(/^taken\.csv\.journal: expected finished cases/),
    });
    expect(readFileSync(file('taken.csv.journal'), 'utf8')).toBe(text);
  });

  it('lose no more than the last case of a journal that was cut off', async () => {
    const journal = await openJournal(file('cut.csv'), ['work']);
    const rows = [{ a: Number.NaN, b: Number.NEGATIVE_INFINITY }];
    await journal.add(0, rows);
    await journal.add(1, rows);
    const path = file('cut.csv.journal');
    write('cut.csv.journal', readFileSync(path, 'utf8').slice(0, -3));
    const again = await openJournal(file('cut.csv'), ['work']);
    expect([...again.finished]).toEqual([[0, rows]]);
    await again.remove();
  });

  it('survive a lost device where an engine can be made anew', async () => {
    const cases = (await readCases(file('cases.csv'))).slice(0, 2);
    const lost = await createEngine();
    lost.destroy();
    const rows = await extractCases(lost, cases, { classes, renew: () => createEngine() });
    expect(rows.every((row) => typeof row['original_firstorder_Mean'] === 'number')).toBe(true);
    const without = await extractCases(lost, cases, { classes });
    expect(without.every((row) => (row['voxomics_error'] as { code: string }).code === 'DeviceLost')).toBe(true);
  });

  it('share the batches of a network, a bad one being a row, and go on where they stopped', async () => {
    const line = (id: number, image: string) => `P${id},${image}.nii.gz,${image === 'a' ? 'a' : 'c'}-mask.nii.gz,1\n`;
    const images = ['a', 'b', 'c', 'none', 'a', 'b', 'c', 'a', 'b', 'c', 'a'];
    write('deep.csv', `Patient,Image,Mask,Label\n${images.map((image, k) => line(k, image)).join('')}`);
    const cases = await readCases(file('deep.csv'));
    const options = (network: DeepNetwork) => ({ classes: [], deep: { network, size: [4, 5, 6] as const } });
    const all = seeThrough();
    const rows = await extractCases(engine(), cases, options(all));
    expect(all.batches).toEqual([4, 4, 2]);
    expect(rows.map((row) => row['Patient'])).toEqual(images.map((_, k) => `P${k}`));
    expect(rows[3]!['voxomics_error']).toMatchObject({ code: 'BadFile' });
    const [one, single] = [cases[8]!, seeThrough(1)];
    expect(rows[8]).toEqual((await extractCases(engine(), [one], options(single)))[0]);

    const journal = await openJournal(file('deep-rows.csv'), cases);
    const cancel = new AbortController();
    const stopped = extractCases(engine(), cases, {
      ...options(seeThrough()),
      journal,
      signal: cancel.signal,
      onProgress: ({ done }) => done === 3 && cancel.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
    const again = await openJournal(file('deep-rows.csv'), cases);
    expect(again.finished.size).toBeGreaterThanOrEqual(3);
    expect(again.finished.size).toBeLessThan(cases.length);
    const rest = seeThrough();
    expect(await extractCases(engine(), cases, { ...options(rest), journal: again })).toEqual(rows);
    expect(rest.batches.reduce((sum, n) => sum + n, 0)).toBeLessThan(10);
    await again.remove();
  });

  it('that wait for a batch survive a lost device too', async () => {
    const cases = (await readCases(file('cases.csv'))).filter((_, k) => k !== 2);
    const lost = await createEngine();
    let calls = 0;
    const network = seeThrough(4, () => {
      if (calls++ > 0) return null;
      lost.destroy();
      return new DeviceLostError('gone');
    });
    const options = { classes: [], deep: { network, size: [4, 5, 6] as const } };
    const rows = await extractCases(lost, cases, { ...options, renew: () => createEngine() });
    const kept = { ...options, deep: { ...options.deep, network: seeThrough() } };
    expect(rows).toEqual(await extractCases(engine(), cases, kept));
    expect(rows.every((row) => typeof row['deep_medicalnet_000'] === 'number')).toBe(true);
  });

  it.each([
    ['Patient,Image\nP,a.nii.gz\n', /column Mask/],
    ['Patient,Image,mask\nP,a.nii.gz,b\n', /Did you mean mask\?/],
    ['Image,Mask\n', /found no case/],
    ['Image,Mask\na.nii.gz\n', /expected a CSV file/],
    ['Image,Mask\na.nii.gz,\n', /:2: expected a path in column Mask/],
    ['Image,Mask,Label\na.nii.gz,b.nii.gz,x\n', /label/],
  ])('%j is refused', async (text, message) => {
    write('bad.csv', text);
    await expect(readCases(file('bad.csv'))).rejects.toThrow(message);
  });
});
