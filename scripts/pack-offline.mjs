/**
 * `npm run pack:offline`: one archive that runs voxomics, the kernel tests and the benchmarks on a Linux x86-64 host
 * without internet. Contents and use: scripts/offline/README-OFFLINE.md.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { closureOf, copyPackage } from './offline/closure.mjs';
import { ensureSetup, root } from './setup.mjs';
import { packagedNode } from './setup/packages.mjs';

const name = 'voxomics-offline-linux-x64';
const limitBytes = 60e6;
const programs = ['voxomics', 'demo', 'bench', 'kernel-tests'];
/** What the tests run from: they are TypeScript, transformed by vitest where they run. */
const trees = [
  'src',
  'shaders',
  'test',
  'bench',
  'vitest.config.ts',
  'tsconfig.json',
  'package.json',
  'LICENSE',
  'NOTICE',
];
/**
 * Packages that the kernel tests and the benchmarks do without: development, browsers, Node itself (packed apart), and
 * itk-wasm and ONNX Runtime, whose files lie in the build too: the tests of image files and of the CPU backend are not
 * kernel tests. All others are packed, so that none is forgotten.
 */
const leftOut =
  /^(@biomejs\/.*|@types\/.*|@webgpu\/types|@itk-wasm\/.*|node|onnxruntime-web|puppeteer-core|typescript)$/;
const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const packages = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !leftOut.test(name));
const loaderPlaces = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib'];

function fail(message) {
  process.stderr.write(`pack: ${message}\n`);
  process.exit(1);
}

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
  if (result.error || result.status !== 0) fail(`${command} failed${result.error ? `: ${result.error.message}` : ''}`);
}

function copyRuntime(out) {
  const lib = join(out, 'lib');
  mkdirSync(lib, { recursive: true });
  copyFileSync(packagedNode(root), join(lib, 'node'));
  // Debugging symbols are 18 MB of Node and 4 MB of Dawn.
  if (spawnSync('strip', [join(lib, 'node')]).status !== 0)
    process.stderr.write('pack: no strip (binutils); Node stays larger\n');
  chmodSync(join(lib, 'node'), 0o755);
  const loader = loaderPlaces.map((folder) => join(folder, 'libvulkan.so.1')).find((path) => existsSync(path));
  if (!loader) fail('no libvulkan.so.1 to pack; install libvulkan1');
  copyFileSync(realpathSync(loader), join(lib, 'libvulkan.so.1'));
}

function copyPackages(out) {
  const otherPlatforms = (inside) => /^(build|dist\/(?!linux-x64(\/|$)))/.test(inside);
  for (const path of closureOf(root, packages)) {
    if (/^node_modules\/(@types|typescript|node)(\/|$)/.test(path)) continue;
    copyPackage(root, out, path, path === 'node_modules/webgpu' ? otherPlatforms : undefined);
  }
  spawnSync('strip', ['--strip-unneeded', join(out, 'node_modules/webgpu/dist/linux-x64/dawn.node')]);
}

function copyTrees(out) {
  for (const tree of trees) {
    if (existsSync(join(root, tree))) cpSync(join(root, tree), join(out, tree), { recursive: true });
  }
  cpSync(join(root, 'dist', 'node'), join(out, 'dist', 'node'), { recursive: true });
}

function writeLaunchers(out) {
  mkdirSync(join(out, 'bin'));
  copyFileSync(join(root, 'scripts/offline/launcher.sh'), join(out, 'bin/voxomics'));
  chmodSync(join(out, 'bin/voxomics'), 0o755);
  // One script under four names; it reads which one it was called by.
  for (const program of programs.slice(1)) symlinkSync('voxomics', join(out, 'bin', program));
  copyFileSync(join(root, 'scripts/offline/README-OFFLINE.md'), join(out, 'README-OFFLINE.md'));
}

if (process.platform !== 'linux' || process.arch !== 'x64') fail('the archive is for Linux x86-64 and is packed there');
ensureSetup({ vulkan: false });
ensureBuild(['node']);
if (!existsSync(packagedNode(root))) fail('Node from the npm package "node" is missing; run npm run setup');

const stage = join(root, '.cache', 'offline');
const out = join(stage, name);
rmSync(stage, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
copyRuntime(out);
copyPackages(out);
copyTrees(out);
writeLaunchers(out);

const archive = join(root, `${name}.tar.xz`);
const sorted = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner'];
run('tar', ['-cJf', `${archive}.part`, ...sorted, '-C', stage, name], { env: { ...process.env, XZ_OPT: '-7 -T0' } });
run('mv', [`${archive}.part`, archive]);
rmSync(stage, { recursive: true, force: true });
const { size } = statSync(archive);
console.log(`${archive}: ${(size / 1e6).toFixed(1)} MB`);
if (size > limitBytes) fail(`larger than ${limitBytes / 1e6} MB`);
