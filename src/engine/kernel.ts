/** A compute kernel as data: WGSL text, bindings declared by access, workgroup size, variants. */
import { makeShaderDataDefinitions, type ShaderDataDefinitions } from 'webgpu-utils';
import { type Caps, hasMatrices, type MatrixShape } from './caps.ts';
import { EngineError } from './errors.ts';
import { preprocess, withoutMatrices } from './wgsl.ts';

/** How a kernel uses a binding. */
export type Access = 'uniform' | 'read' | 'read_write';
export type Bindings = Readonly<Record<string, Access>>;

/** What only some devices have, and WGSL can only express by other text. */
export type Flag = 'SUBGROUPS' | 'F16' | 'F16_PRODUCTS' | 'F16_MATRICES';
/** What of a device a text cannot do without, whatever the flags. */
export type Need = 'subgroups' | MatrixShape;
export type Flags = Readonly<Partial<Record<Flag, boolean>>>;

export interface KernelSpec<B extends Bindings> {
  /** Path of the kernel under shaders/ without extension, plus `:entry` for files with several; names it everywhere. */
  readonly name: string;
  readonly source: string;
  /** Binding names of group 0 in binding order; `params` first where there are any. */
  readonly bindings: B;
  /** Invocations per workgroup along x; the kernels read it from `override workgroup_size`. */
  readonly workgroup: number;
  /** Default `main`. */
  readonly entryPoint?: string;
  /**
   * Flags the file knows. The engine sets SUBGROUPS where the device has them; F16 (storage) and F16_PRODUCTS (arithmetic,
   * only together with F16) are the caller's choice.
   */
  readonly flags?: readonly Flag[];
  /** Flags that are decided by the kernel itself, whatever the caller chooses. */
  readonly fixed?: Flags;
  /** Values of the constants that the file declares by `#constant`; files with these are kernels of several sizes. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Compiles only where the device has these; whoever dispatches it asks `Caps` first. */
  readonly needs?: readonly Need[];
}

/** One compiled text of a kernel: flags decided, imports resolved, reflected. */
export interface KernelVariant {
  readonly code: string;
  readonly definitions: ShaderDataDefinitions;
  /** The bindings of the entry point in binding order. */
  readonly slots: readonly Slot[];
}

export interface Slot {
  readonly name: string;
  readonly binding: number;
  readonly access: Access;
}

export interface Kernel<B extends Bindings = Bindings> extends KernelSpec<B> {
  /** The text and its reflection for a choice of flags; made once. */
  variant(flags: Flags): KernelVariant;
  /** All combinations of flags that there are, for the test that compiles every variant. */
  variants(): Flags[];
}

const registry = new Map<string, Kernel>();
/** Files with several entry points are reflected once. */
const reflected = new Map<string, ShaderDataDefinitions>();

function reflect(code: string): ShaderDataDefinitions {
  const definitions = reflected.get(code) ?? makeShaderDataDefinitions(withoutMatrices(code));
  reflected.set(code, definitions);
  return definitions;
}

/** Every kernel defined so far, by name. */
export function allKernels(): Kernel[] {
  return [...registry.values()];
}

/** What a variant of a kernel cannot do without and a device lacks, in words; null where it compiles. */
export function lacking(
  { needs = [], fixed }: Pick<Kernel, 'needs' | 'fixed'>,
  flags: Flags,
  caps: Caps,
): string | null {
  const { SUBGROUPS, F16 } = { ...flags, ...fixed };
  if ((SUBGROUPS || needs.includes('subgroups')) && !caps.subgroups) return 'subgroups';
  if (F16 && !caps.f16) return 'f16';
  const missing = needs.find((need) => typeof need === 'object' && !hasMatrices(caps, need)) as MatrixShape | undefined;
  if (!missing) return null;
  const { component, result, m, n, k } = missing;
  return `subgroup matrices of ${m} x ${n} x ${k}, ${component} to ${result}`;
}

/** The bindings that an entry point uses, by reflection, in binding order. */
function reflectSlots(definitions: ShaderDataDefinitions, entryPoint: string): Slot[] {
  const resources = definitions.entryPoints[entryPoint]?.resources ?? [];
  if (resources.some((r) => r.group !== 0)) throw new Error('kernels bind in group 0 only');
  return resources
    .map((r) => ({ name: r.name, entry: r.entry as GPUBindGroupLayoutEntry }))
    .map(({ name, entry }) => ({ name, binding: entry.binding, access: accessOfBufferType(entry.buffer?.type) }))
    .sort((a, b) => a.binding - b.binding);
}

function accessOfBufferType(type: GPUBufferBindingType = 'uniform'): Access {
  return type === 'storage' ? 'read_write' : type === 'read-only-storage' ? 'read' : 'uniform';
}

/**
 * Defines a kernel. The declared bindings must be those of the WGSL text, in order and access; this is checked when a
 * variant is first made.
 * @throws Error on a second kernel of the same name
 */
export function defineKernel<const B extends Bindings>(spec: KernelSpec<B>): Kernel<B> {
  const made = new Map<string, KernelVariant>();
  const known = spec.flags ?? [];
  const kernel: Kernel<B> = {
    ...spec,
    variant(flags) {
      const chosen = { ...Object.fromEntries(known.map((f) => [f, flags[f] ?? false])), ...spec.fixed };
      const key = JSON.stringify(chosen);
      let variant = made.get(key);
      if (!variant) {
        const code = preprocess(spec.source, chosen, spec.constants);
        const definitions = reflect(code);
        const slots = reflectSlots(definitions, spec.entryPoint ?? 'main');
        checkBindings(spec, slots);
        variant = { code, definitions, slots };
        made.set(key, variant);
      }
      return variant;
    },
    variants() {
      const all = known.reduce<Flags[]>(
        (some, f) =>
          some.flatMap((v) => [
            { ...v, [f]: false },
            { ...v, [f]: true },
          ]),
        [{}],
      );
      return all.filter((v) => v.F16 || !v.F16_PRODUCTS);
    },
  };
  if (registry.has(spec.name)) throw new Error(`kernel ${spec.name} is defined twice`);
  registry.set(spec.name, kernel as unknown as Kernel);
  return kernel;
}

function checkBindings(spec: KernelSpec<Bindings>, slots: readonly Slot[]): void {
  const declared = Object.entries(spec.bindings)
    .map(([name, access]) => `${name}: ${access}`)
    .join(', ');
  const found = slots.map(({ name, access }) => `${name}: ${access}`).join(', ');
  if (declared !== found) {
    throw new EngineError(
      'ShaderCompile',
      `${spec.name}: declared bindings (${declared}) are not those of the WGSL (${found})`,
    );
  }
}
