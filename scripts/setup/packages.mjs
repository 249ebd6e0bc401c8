/** npm packages and Node 24. Runs on Node 20 with nothing installed: Node built-ins only. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const wantedMajor = 24;

/** A reason to stop that the user can act on; printed without a stack. */
export class SetupError extends Error {}

/** Path of the Node 24 binary that the npm package `node` puts into node_modules. */
export function packagedNode(root) {
  return join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/** Node >= 24 to run the program with: the package's, else the running one where that is new enough. */
export function node24(root) {
  const packaged = packagedNode(root);
  if (existsSync(packaged)) return packaged;
  return Number(process.versions.node.split('.')[0]) >= wantedMajor ? process.execPath : null;
}

function lockHash(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** Whether npm's own record of node_modules has every package of the lock file at its version. */
function matchesHiddenLock(root) {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const have = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    // Optional packages of other platforms are rightly absent.
    return have[path] ? have[path].version === entry.version : Boolean(entry.optional || entry.peer);
  });
}

/** Whether node_modules belongs to package-lock.json. The stamp makes the answer cheap from the second time on. */
export function packagesFresh(root) {
  const stamp = join(root, 'node_modules', '.voxomics-lock');
  const hash = lockHash(root);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return true;
  if (!matchesHiddenLock(root)) return false;
  writeFileSync(stamp, hash);
  return true;
}

function npm(args, cwd) {
  // npm prints progress only to a terminal; without one its few closing lines are enough.
  // The install script of onnxruntime-node would fetch CUDA libraries from elsewhere; its CPU library is in the package.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  const result = spawnSync('npm', args, { cwd, env, stdio: 'inherit', shell: process.platform === 'win32' });
  if (result.error)
    throw new SetupError(`npm could not be started (${result.error.message}); install npm, then repeat`);
  return result.status;
}

function installPackages(root, say) {
  say('installing npm packages (npm ci; about 300 MB, a minute on a fast line) …');
  const status = npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], root);
  if (status !== 0) {
    throw new SetupError(`npm ci ended with status ${status}; its message is above. Is the npm registry reachable?`);
  }
  writeFileSync(join(root, 'node_modules', '.voxomics-lock'), lockHash(root));
}

function installNode(root, say) {
  say(`installing Node ${wantedMajor} from the npm package "node" (its install script was not run by npm) …`);
  const folder = join(root, 'node_modules', 'node');
  spawnSync(process.execPath, ['installArchSpecificPackage.js'], { cwd: folder, stdio: 'inherit' });
  // npm leaves out a link whose target did not exist when it installed; npm scripts find Node 24 by it.
  const link = join(root, 'node_modules', '.bin', 'node');
  if (existsSync(packagedNode(root)) && !existsSync(link) && process.platform !== 'win32') {
    symlinkSync('../node/bin/node', link);
  }
  if (!node24(root)) {
    throw new SetupError(
      `Node ${wantedMajor} is missing and the npm package "node" could not install it; ` +
        `install Node >= ${wantedMajor} from nodejs.org and repeat the command with it`,
    );
  }
}

/** Installs packages and Node 24 where they are missing or stale. */
export function ensurePackages(root, say) {
  if (!packagesFresh(root)) installPackages(root, say);
  if (!node24(root)) installNode(root, say);
}
