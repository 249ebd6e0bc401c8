/** Is there a Vulkan driver that Dawn can use? Answered from files alone: loading drivers takes half a second. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';

const gpuDevices = ['/dev/nvidiactl', '/dev/nvidia0', '/dev/dxg', '/dev/kfd'];
const vendorDrivers = /nvidia|intel|radeon|amd|freedreno|panfrost|asahi|nouveau|dzn/i;
const libraryFolders = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/usr/local/lib',
];

/** The third number of lavapipe's Vulkan version only grows: 230 in Mesa 22.3, 238 in Mesa 23.0, which Dawn needs. */
const oldestLavapipe = 238;

function isFromMesa23(apiVersion) {
  return Number(String(apiVersion).split('.')[2] ?? 0) >= oldestLavapipe;
}

function driverFolders() {
  const user = process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share');
  return ['/etc', '/usr/local/share', '/usr/share', user].map((folder) => join(folder, 'vulkan', 'icd.d'));
}

/** Vulkan driver files (ICD JSON), those of the environment alone where it names any. */
function driverFiles() {
  const named = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
  if (named) return named.split(':').filter((path) => existsSync(path));
  return driverFolders()
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => path.endsWith('.json'));
}

function apiVersion(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).ICD.api_version;
  } catch {
    return '0';
  }
}

function hasGpuDevice() {
  if (gpuDevices.some((path) => existsSync(path))) return true;
  return existsSync('/dev/dri') && readdirSync('/dev/dri').some((name) => name.startsWith('renderD'));
}

/** Whether the Vulkan loader is where the dynamic linker looks. */
export function hasVulkanLoader() {
  const extra = (process.env.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean);
  return [...extra, ...libraryFolders].some((folder) => existsSync(join(folder, 'libvulkan.so.1')));
}

/** What there is: `gpu`, `lavapipe` (usable), `swiftshader` (only where asked for), `old-lavapipe` (Mesa < 23) or null. */
export function vulkanDriver() {
  const files = driverFiles();
  if (process.env.VOXOMICS_ADAPTER === 'swiftshader' && findSwiftShader()) return 'swiftshader';
  if (files.some((path) => /swiftshader/i.test(basename(path)))) return 'swiftshader';
  if (hasGpuDevice() && files.some((path) => vendorDrivers.test(basename(path)))) return 'gpu';
  const lavapipe = files.filter((path) => /lvp/.test(basename(path)));
  if (lavapipe.some((path) => isFromMesa23(apiVersion(path)))) return 'lavapipe';
  return lavapipe.length > 0 ? 'old-lavapipe' : null;
}

/** Whether Dawn will find an adapter. Only Linux needs Vulkan; macOS has Metal, Windows has Direct3D 12. */
export function vulkanReady() {
  if (process.platform !== 'linux') return true;
  return hasVulkanLoader() && ['gpu', 'lavapipe', 'swiftshader'].includes(vulkanDriver());
}

/** Chromium for the browser test, or null. */
export function findChromium() {
  const names = [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/usr/bin/google-chrome-stable',
  ];
  return [process.env.VOXOMICS_CHROMIUM, ...names].find((path) => path && existsSync(path)) ?? null;
}

/** SwiftShader's Vulkan driver file, or null. */
export function findSwiftShader() {
  const files = ['/usr/lib/chromium/vk_swiftshader_icd.json', '/usr/lib/chromium-browser/vk_swiftshader_icd.json'];
  return [process.env.VOXOMICS_SWIFTSHADER_ICD, ...files].find((path) => path && existsSync(path)) ?? null;
}
