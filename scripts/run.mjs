/**
 * Starts a program of the package from a checkout: sets up and builds what is missing, then runs it on Node 24.
 * Usage: node scripts/run.mjs voxomics|demo|bench [arguments]. Runs on Node 20.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { ensureSetup, root } from './setup.mjs';
import { node24 } from './setup/packages.mjs';

const programs = { voxomics: 'cli.js', demo: 'demo.js', bench: 'bench.js' };
/** First arguments of `voxomics` that must work, and tell what to do, where there is no driver yet. */
const withoutAdapter = ['info', 'dicom', 'convert', 'help', '--help', '-h', '--version', '-V'];

const [program, ...args] = process.argv.slice(2);
if (!(program in programs)) {
  process.stderr.write(`run: no program "${program}"; there are: ${Object.keys(programs).join(', ')}\n`);
  process.exit(2);
}
const first = args[0] ?? '--help';
ensureSetup({ vulkan: program !== 'voxomics' || !withoutAdapter.includes(first) });
ensureBuild(['node']);
const script = join(root, 'dist', 'node', programs[program]);
if (!existsSync(script)) {
  process.stderr.write(`run: this checkout has no sources for "${program}"\n`);
  process.exit(2);
}

// npm runs scripts in the package's folder; relative paths mean the folder in which the user called npm.
const cwd = process.env.npm_lifecycle_event ? process.env.INIT_CWD : process.cwd();
// Voxels lie outside the JavaScript heap: a small young generation saves memory and costs no time (as in cli.ts's first line).
const child = spawn(node24(root), ['--max-semi-space-size=2', script, ...args], { cwd, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  process.stderr.write(`run: ${error.message}\n`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  if (!signal) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
