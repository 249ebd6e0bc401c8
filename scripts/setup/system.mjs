/** System packages: a software Vulkan driver for the demo, Chromium and SwiftShader for the tests. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { backportsSource, readSources } from './apt-sources.mjs';
import { SetupError } from './packages.mjs';
import { findChromium, findSwiftShader, vulkanDriver, vulkanReady } from './vulkan.mjs';

const sourceFile = '/etc/apt/sources.list.d/voxomics-backports.sources';
const aptOptions = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3'];
const lockWaitSeconds = 300;

/** ID, ID_LIKE and VERSION_CODENAME of /etc/os-release. */
function distribution() {
  if (!existsSync('/etc/os-release')) return { id: 'unknown', like: '', codename: '' };
  const fields = Object.fromEntries(
    readFileSync('/etc/os-release', 'utf8')
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).replace(/^"|"$/g, '')]),
  );
  return { id: fields.ID ?? 'unknown', like: fields.ID_LIKE ?? '', codename: fields.VERSION_CODENAME ?? '' };
}

/** A step is {argv, input?}: what runs as root, or is printed for the user to run. */
function installStep(packages, release) {
  const target = release ? ['-t', release] : [];
  return { argv: ['apt-get', 'install', '-y', '--no-install-recommends', ...aptOptions, ...target, ...packages] };
}

const updateStep = { argv: ['apt-get', 'update', ...aptOptions] };

/** Steps that bring Mesa's lavapipe and the Vulkan loader. Debian 12's own Mesa 22.3 is too old for Dawn. */
function vulkanSteps({ id, codename }) {
  const packages = ['mesa-vulkan-drivers', 'libvulkan1'];
  if (id !== 'debian' || codename !== 'bookworm') return [updateStep, installStep(packages)];
  const { configured, text } = backportsSource(readSources(), codename);
  if (!configured && !text) {
    throw new SetupError(`no source for ${codename} main in /etc/apt; add one and ${codename}-backports, then repeat`);
  }
  // Written beside the folder and renamed into it, so that apt never reads half a file.
  const write = { argv: ['sh', '-c', `cat > ${sourceFile}.new && mv ${sourceFile}.new ${sourceFile}`], input: text };
  return [...(text ? [write] : []), updateStep, installStep(packages, `${codename}-backports`)];
}

function printable({ argv, input }) {
  if (input) return `tee ${sourceFile} >/dev/null <<'EOF'\n${input}EOF`;
  return argv.filter((word, i) => word !== '-o' && argv[i - 1] !== '-o').join(' ');
}

/** How to become root without a question: [] as root, a sudo prefix, or null. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  const sudo = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
  return sudo.status === 0 ? ['sudo', '-n', 'env', 'DEBIAN_FRONTEND=noninteractive'] : null;
}

function sleep(seconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
}

function runStep(prefix, step, say) {
  const [command, ...args] = [...prefix, ...step.argv];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (let waited = 0; ; waited += 5) {
    const result = spawnSync(command, args, { input: step.input ?? '', env, encoding: 'utf8', maxBuffer: 2 ** 28 });
    const output = `${result.stdout ?? ''}${result.stderr ?? ''}`;
    // `apt-get update` does not wait for another apt's lock by itself.
    if (!/Could not get lock|Unable to lock/.test(output) || waited >= lockWaitSeconds) {
      return { ok: result.status === 0, output };
    }
    if (waited === 0) say('waiting for another apt to finish …');
    sleep(5);
  }
}

function runSteps(steps, prefix, say) {
  for (const step of steps) {
    say(step.input ? `writing ${sourceFile}` : printable(step));
    const { ok, output } = runStep(prefix, step, say);
    if (ok) continue;
    // A third-party source that cannot be reached must not stop us; the install step decides.
    if (step === updateStep) say(`apt-get update reported errors:\n${lastLines(output)}`);
    else return `${printable(step)}\n${lastLines(output)}`;
  }
  return null;
}

function lastLines(text) {
  return text.trim().split('\n').slice(-8).join('\n');
}

function commandsForRoot(steps) {
  return steps.map((step) => printable(step).replace(/^(.*)$/m, '  sudo $1')).join('\n');
}

/** Leaves no source behind that could not be used. */
function withdrawSource(steps, prefix, say) {
  if (steps.some((step) => step.input)) runStep(prefix, { argv: ['rm', '-f', sourceFile] }, say);
}

function aptOrExplain(purpose, steps, say) {
  const prefix = rootPrefix();
  if (!prefix) return `${purpose}\nThis needs root. Run these commands, then repeat yours:\n${commandsForRoot(steps)}`;
  say(`${purpose} Installing it …`);
  const failure = runSteps(steps, prefix, say);
  if (!failure) return null;
  withdrawSource(steps, prefix, say);
  return `${purpose}\nInstalling it failed:\n${failure}`;
}

function hasApt() {
  return existsSync('/usr/bin/apt-get');
}

/** Installs a software Vulkan driver where there is no usable driver. @throws SetupError with what to do */
export function ensureVulkan(say) {
  if (vulkanReady()) return;
  const found = vulkanDriver();
  const purpose = `No Vulkan driver that WebGPU can use${found === 'old-lavapipe' ? ' (Mesa is older than 23)' : ''}; Mesa's software driver will do.`;
  if (!hasApt()) {
    throw new SetupError(
      `${purpose}\nInstall your GPU vendor's driver, or Mesa's software driver >= 23 and the Vulkan loader, e.g.\n` +
        '  Fedora, RHEL: sudo dnf install mesa-vulkan-drivers vulkan-loader\n' +
        '  Arch: sudo pacman -S vulkan-swrast vulkan-icd-loader\n  openSUSE: sudo zypper install libvulkan_lvp libvulkan1',
    );
  }
  const failure = aptOrExplain(purpose, vulkanSteps(distribution()), say);
  if (failure) throw new SetupError(failure);
  if (!vulkanReady()) throw new SetupError(`${purpose}\nMesa was installed, but its version is still older than 23.`);
}

/** Installs Chromium (which brings SwiftShader) for the tests; where that fails it says so, and those tests skip. */
export function ensureTestBrowsers(say) {
  if (process.platform !== 'linux' || (findChromium() && findSwiftShader())) return;
  const purpose =
    'Chromium (browser test) and SwiftShader (second adapter) are missing; the tests that need them skip.';
  const { id } = distribution();
  if (!hasApt() || id !== 'debian') {
    say(`${purpose} VOXOMICS_CHROMIUM and VOXOMICS_SWIFTSHADER_ICD say where they are elsewhere.`);
    return;
  }
  const failure = aptOrExplain(purpose, [updateStep, installStep(['chromium', 'chromium-common'])], say);
  if (failure) say(failure);
}
