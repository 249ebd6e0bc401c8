/**
 * Makes a fresh checkout ready: npm packages, Node 24, a Vulkan driver; for the tests also Chromium and SwiftShader.
 * Usage: node scripts/setup.mjs [--for demo|test]. Does nothing, in milliseconds, where everything is there.
 */
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePackages, SetupError } from './setup/packages.mjs';
import { ensureTestBrowsers, ensureVulkan } from './setup/system.mjs';

export const root = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))));

/** Progress goes to stderr, so that the program's own output can be piped. */
function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

/** Ends the process with the message of a SetupError; other errors keep their stack. */
export function exitOnSetupError(action) {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`\nsetup: ${error.message}\n`);
    process.exit(1);
  }
}

/** Packages and Node 24; with `vulkan` a usable driver, with `browsers` what only the tests need. */
export function ensureSetup({ vulkan = true, browsers = false } = {}) {
  exitOnSetupError(() => {
    ensurePackages(root, say);
    if (vulkan) ensureVulkan(say);
    if (browsers) ensureTestBrowsers(say);
  });
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const flag = process.argv.indexOf('--for');
  ensureSetup({ browsers: flag > 0 && process.argv[flag + 1] === 'test' });
  say('everything is in place');
}
