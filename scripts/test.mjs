/**
 * Runs the tests: all on the preferred adapter, then those of the kernels on SwiftShader where it is installed.
 * Usage: node scripts/test.mjs [arguments for vitest]; with arguments, or with VOXOMICS_ADAPTER set, one pass only.
 * The last line is `N passed, N failed, N skipped`, the sum of all passes.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuild } from './build.mjs';
import { ensureSetup, root } from './setup.mjs';
import { node24 } from './setup/packages.mjs';
import { findSwiftShader } from './setup/vulkan.mjs';

/** A native driver that hangs cannot be interrupted from inside; the pass is killed from outside. */
const passLimitMinutes = 20;

function runVitest(args, env, report) {
  return new Promise((resolve) => {
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const child = spawn(node24(root), [vitest, 'run', ...reporters, ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: process.platform !== 'win32',
    });
    const kill = () => process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
    const timer = setTimeout(kill, passLimitMinutes * 60_000);
    const forward = () => {
      kill();
      process.exit(130);
    };
    process.once('SIGINT', forward).once('SIGTERM', forward);
    child.on('exit', (code) => {
      clearTimeout(timer);
      process.removeListener('SIGINT', forward).removeListener('SIGTERM', forward);
      resolve(code ?? 124);
    });
  });
}

/** Counts of one report. A run that ended badly without a failed test (a crash, a hang) counts as one failure. */
function countsOf(report, code) {
  const none = { passed: 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  if (!existsSync(report)) return none;
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  // A file that does not even load has no tests; it is a failure all the same.
  const broken = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
  const failed = numFailedTests + broken;
  return { passed: numPassedTests, failed: failed || none.failed, skipped: numPendingTests + numTodoTests };
}

function passesFor(args) {
  const first = { name: 'preferred adapter', env: {} };
  if (args.length > 0 || process.env.VOXOMICS_ADAPTER || !findSwiftShader()) return [first];
  return [first, { name: 'SwiftShader', env: { VOXOMICS_ADAPTER: 'swiftshader' } }];
}

/** Runs all passes. @returns {Promise<{passed: number, failed: number, skipped: number}>} */
export async function runTests(args) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  const folder = join(root, '.cache', 'test');
  mkdirSync(folder, { recursive: true });
  for (const [i, { name, env }] of passesFor(args).entries()) {
    console.log(`\ntests on ${process.env.VOXOMICS_ADAPTER ?? name}`);
    const report = join(folder, `pass-${i}.json`);
    rmSync(report, { force: true });
    const code = await runVitest(args, env, report);
    const counts = countsOf(report, code);
    for (const key of Object.keys(sum)) sum[key] += counts[key];
  }
  return sum;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  ensureSetup({ browsers: true });
  ensureBuild(['node', 'browser', 'web']);
  const { passed, failed, skipped } = await runTests(process.argv.slice(2));
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(failed > 0 ? 1 : 0);
}
