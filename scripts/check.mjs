/**
 * All gates: types, lint (with the layer rules and import cycles), format, a build of every target.
 * Usage: node scripts/check.mjs [--with-tests]. The last line is `N passed, N failed, N skipped`; a gate counts as one.
 */
import { spawnSync } from 'node:child_process';
import { ensureBuild } from './build.mjs';
import { ensureSetup, root } from './setup.mjs';
import { node24 } from './setup/packages.mjs';
import { runTests } from './test.mjs';

const gates = [
  ['types', ['node_modules/typescript/bin/tsc', '--noEmit']],
  ['lint', ['node_modules/@biomejs/biome/bin/biome', 'lint', '--error-on-warnings', '.']],
  ['format', ['node_modules/@biomejs/biome/bin/biome', 'format', '.']],
  ['build', ['scripts/build.mjs']],
];

const withTests = process.argv.includes('--with-tests');
ensureSetup({ vulkan: withTests, browsers: withTests });

const sum = { passed: 0, failed: 0, skipped: 0 };
for (const [name, args] of gates) {
  const { status } = spawnSync(node24(root), args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  sum[status === 0 ? 'passed' : 'failed'] += 1;
}
if (withTests) {
  ensureBuild(['node', 'browser', 'web']);
  const counts = await runTests([]);
  for (const key of Object.keys(sum)) sum[key] += counts[key];
}
console.log(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exit(sum.failed > 0 ? 1 : 0);
