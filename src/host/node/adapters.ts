/** Finds GPU adapters in Node through Dawn: a real GPU first, then lavapipe (Mesa >= 23), then SwiftShader. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Engine, EngineError, type EngineOptions } from '../../engine/index.ts';
import { pauseBetweenPolls } from './polling.ts';

export type AdapterKind = 'gpu' | 'lavapipe' | 'swiftshader';
export const adapterKinds: readonly AdapterKind[] = ['gpu', 'lavapipe', 'swiftshader'];

export interface NodeEngineOptions extends EngineOptions {
  /** `auto`, a kind, or a part of the adapter's name. Default: the environment's VOXOMICS_ADAPTER, else `auto`. */
  readonly adapter?: string;
}

/** A place to look for adapters: the Vulkan driver file to restrict the loader to, or null for all. */
export interface Candidate {
  readonly kind: AdapterKind;
  readonly driverFile: string | null;
  /** Why nothing can be there, where that is known without asking. */
  readonly missing: string | null;
}

export interface FoundAdapter {
  readonly kind: AdapterKind;
  readonly adapter: GPUAdapter;
  /** Dawn's instance; must stay reachable as long as the adapter's device. */
  readonly instance: GPU;
}

const driverFolders = ['/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/etc/vulkan/icd.d'];
const swiftshaderFiles = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
];

function findDriver(pattern: RegExp): string | null {
  for (const folder of driverFolders) {
    if (!existsSync(folder)) continue;
    const file = readdirSync(folder).find((name) => pattern.test(name));
    if (file) return join(folder, file);
  }
  return null;
}

/** Whether the kernel exposes a GPU. Asking Vulkan costs half a second of driver loading where there is none. */
function hasGpuDevice(): boolean {
  if (process.platform !== 'linux') return true;
  if (['/dev/nvidia0', '/dev/nvidiactl', '/dev/dxg', '/dev/kfd'].some((path) => existsSync(path))) return true;
  return existsSync('/dev/dri') && readdirSync('/dev/dri').some((name) => name.startsWith('renderD'));
}

/** All candidates in order of preference. */
export function candidates(): Candidate[] {
  const lavapipe = findDriver(/^lvp_icd.*\.json$/);
  const swiftshader =
    process.env['VOXOMICS_SWIFTSHADER_ICD'] ?? swiftshaderFiles.find((path) => existsSync(path)) ?? null;
  return [
    {
      kind: 'gpu',
      driverFile: null,
      missing: hasGpuDevice()
        ? null
        : 'no GPU device node; install the GPU vendor’s driver (in a container: expose the device)',
    },
    {
      kind: 'lavapipe',
      driverFile: lavapipe,
      missing: lavapipe
        ? null
        : 'not installed; Debian 12: mesa-vulkan-drivers from bookworm-backports (Mesa >= 23), or run `npm test` as root',
    },
    {
      kind: 'swiftshader',
      driverFile: swiftshader,
      missing: swiftshader ? null : 'not installed; Debian: the package chromium-common brings it',
    },
  ];
}

/** Subgroup matrices count as unsafe in Dawn as long as WebGPU has no final text for them; it changes nothing else. */
const dawnOptions = ['enable-dawn-features=allow_unsafe_apis'];

type Dawn = { create(flags: string[]): GPU; globals: Record<string, unknown> };

/** Loads Dawn and puts the WebGPU globals in place. `require` keeps the native module out of bundles. */
function loadDawn(): Dawn {
  const dawn = createRequire(import.meta.url)('webgpu') as Dawn;
  Object.assign(globalThis, dawn.globals);
  return dawn;
}

const softwareName = /llvmpipe|lavapipe|swiftshader|software/i;

function kindOf(info: GPUAdapterInfo): AdapterKind {
  const text = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  if (/swiftshader/i.test(text)) return 'swiftshader';
  return softwareName.test(text) ? 'lavapipe' : 'gpu';
}

/** Opens one candidate, or says why that cannot be. */
export async function openCandidate(candidate: Candidate): Promise<FoundAdapter | string> {
  if (candidate.missing) return candidate.missing;
  const before = process.env['VK_DRIVER_FILES'];
  // The Vulkan loader reads the variable when Dawn first asks for adapters.
  if (candidate.driverFile) process.env['VK_DRIVER_FILES'] = candidate.driverFile;
  try {
    const instance = loadDawn().create(dawnOptions);
    const adapter = await instance.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) return 'the driver offers no adapter that Dawn can use';
    const kind = kindOf(adapter.info);
    if (kind !== candidate.kind) return `the driver offers only ${adapter.info.description || kind}`;
    return { kind, adapter, instance };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    if (candidate.driverFile) {
      if (before === undefined) delete process.env['VK_DRIVER_FILES'];
      else process.env['VK_DRIVER_FILES'] = before;
    }
  }
}

function matches(found: FoundAdapter, wanted: string): boolean {
  const { device, description, vendor } = found.adapter.info;
  return (
    wanted === 'auto' || found.kind === wanted || `${vendor} ${device} ${description}`.toLowerCase().includes(wanted)
  );
}

/**
 * Makes an engine on the best adapter.
 * @throws EngineError NoAdapter, listing what was looked for and how to get it
 */
export async function createEngine(options: NodeEngineOptions = {}): Promise<Engine> {
  const wanted = (options.adapter ?? process.env['VOXOMICS_ADAPTER'] ?? 'auto').toLowerCase();
  const tried: string[] = [];
  for (const candidate of candidates()) {
    if ((adapterKinds as readonly string[]).includes(wanted) && candidate.kind !== wanted) continue;
    const found = await openCandidate(candidate);
    if (typeof found === 'string') tried.push(`${candidate.kind}: ${found}`);
    else if (matches(found, wanted)) {
      const onSubmit = found.kind === 'gpu' ? undefined : pauseBetweenPolls();
      return Engine.open(found.adapter, { ...options, keepAlive: found.instance, onSubmit });
    } else tried.push(`${candidate.kind}: ${found.adapter.info.description} is not "${wanted}"`);
  }
  throw new EngineError('NoAdapter', `no adapter for "${wanted}":\n  ${tried.join('\n  ')}`);
}
