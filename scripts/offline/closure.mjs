/** Copies npm packages with all that they need at run time, and without what they do not. */
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { basename, join, sep } from 'node:path';

/** Type declarations, source maps, documentation: nothing that runs. */
const dropped = /\.(map|d\.ts|d\.cts|d\.mts|tsbuildinfo|md|markdown|flow|ts|mts|cts)$/;
const kept = /licen[cs]e|notice|copying/i;

/** Where Node finds package `name` for a module in the package at `from` (a path below node_modules, '' for the root). */
function resolvePackage(packages, from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(at.lastIndexOf('/node_modules/'), 0))) {
    const path = at ? `${at}/node_modules/${name}` : `node_modules/${name}`;
    if (packages[path]) return path;
    if (!at) return null;
  }
}

/** Paths of the packages that `names` need, themselves included, by the lock file; absent optional ones are left out. */
export function closureOf(root, names) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const found = new Set();
  const open = names.map((name) => ['', name]);
  while (open.length > 0) {
    const [from, name] = open.pop();
    const path = resolvePackage(packages, from, name);
    if (!path || found.has(path) || !existsSync(join(root, path))) continue;
    found.add(path);
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = packages[path];
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }))
      open.push([path, next]);
  }
  return [...found].sort();
}

/** Copies a package; `skip(path inside the package)` leaves out more than what never runs. */
export function copyPackage(root, out, path, skip = () => false) {
  const from = join(root, path);
  cpSync(from, join(out, path), {
    recursive: true,
    dereference: true,
    filter: (source) => {
      const inside = source
        .slice(from.length + 1)
        .split(sep)
        .join('/');
      if (/^node_modules(\/|$)/.test(inside) || skip(inside)) return false;
      return !dropped.test(source) || kept.test(basename(source));
    },
  });
}
