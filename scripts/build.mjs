/**
 * Builds what changed. Usage: node scripts/build.mjs [node] [browser] [web] [types]; without names, all of them.
 * A target whose sources have the stamp of its last build is left alone, so that asking costs milliseconds.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureSetup, root } from './setup.mjs';
import { node24 } from './setup/packages.mjs';

const vite = ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn', '--emptyOutDir'];
const targets = {
  node: { sources: ['src', 'shaders', 'bench'], command: [...vite, '-c', 'vite.node.config.ts'] },
  browser: { sources: ['src', 'shaders'], command: [...vite, '-c', 'vite.browser.config.ts'] },
  web: { sources: ['src', 'shaders', 'web'], command: [...vite, '-c', 'vite.config.ts'] },
  types: { sources: ['src'], command: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'] },
};
const configs = [
  'package.json',
  'tsconfig.json',

  'package-lock.json',
  'vite.config.ts',
  'vite.node.config.ts',
  'vite.browser.config.ts',
  'tsconfig.build.json',
];

function* filesBelow(path) {
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) {
    yield path;
    return;
  }
  for (const name of readdirSync(path).sort()) yield* filesBelow(join(path, name));
}

/** Hash of names, times and sizes: contents need not be read to see that nothing was written since. */
function stampOf(sources) {
  const hash = createHash('sha256');
  for (const source of [...sources, ...configs]) {
    for (const path of filesBelow(join(root, source))) {
      const { mtimeMs, size } = statSync(path);
      hash.update(`${relative(root, path)} ${mtimeMs} ${size}\n`);
    }
  }
  return hash.digest('hex');
}

function say(line) {
  process.stderr.write(`build: ${line}\n`);
}

/** Whether a folder holds the build of a stamp. */
function isBuild(folder, stamp) {
  const file = join(folder, '.stamp');
  return existsSync(file) && readFileSync(file, 'utf8') === stamp;
}

/** Puts a finished build into its place, unless another process has done so meanwhile. */
function install(fresh, out, stamp) {
  const old = `${fresh}-old`;
  while (!isBuild(out, stamp)) {
    try {
      if (existsSync(out)) renameSync(out, old);
      renameSync(fresh, out);
    } catch (error) {
      // Another process was quicker by a moment.
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
    }
    rmSync(old, { recursive: true, force: true });
  }
  rmSync(fresh, { recursive: true, force: true });
}

/** Builds one target into a folder beside and renames it, so that nobody meets half a build. */
function build(name) {
  const { sources, command } = targets[name];
  const out = join(root, 'dist', name);
  const stamp = stampOf(sources);
  if (isBuild(out, stamp)) return;
  const started = Date.now();
  const fresh = join(root, 'dist', `.${name}-${process.pid}`);
  mkdirSync(fresh, { recursive: true });
  const result = spawnSync(node24(root), [...command, '--outDir', fresh], { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    say(`${name} failed`);
    process.exit(1);
  }
  writeFileSync(join(fresh, '.stamp'), stamp);
  install(fresh, out, stamp);
  say(`dist/${name} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** Builds the named targets where they are out of date; ends the process where one fails. */
export function ensureBuild(names) {
  for (const name of names) build(name);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2);
  const unknown = names.find((name) => !(name in targets));
  if (unknown) {
    say(`no target "${unknown}"; there are: ${Object.keys(targets).join(', ')}`);
    process.exit(2);
  }
  ensureSetup({ vulkan: false });
  ensureBuild(names.length > 0 ? names : Object.keys(targets));
}
