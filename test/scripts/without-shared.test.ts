/** The tests themselves where the reference data are not: what reads them to know its names must not be read. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

it('all tests can be listed without reference data', { timeout: 240_000 }, async () => {
  const vitest = resolve(root, 'node_modules/vitest/vitest.mjs');
  // Collected, not parsed: only then the bodies of the suites are run.
  const child = spawn(process.execPath, [vitest, 'list', '--staticParse=false'], {
    cwd: root,
    env: { ...process.env, VOXOMICS_SHARED: resolve(root, 'no reference data') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const [status] = await once(child, 'close');
  expect(output).not.toMatch(/ENOENT/);
  expect(status, output.slice(-2000)).toBe(0);
});
