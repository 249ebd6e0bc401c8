/** Compute pipelines: compiled asynchronously, once per kernel variant, with the WGSL line in the error. */
import { EngineError } from './errors.ts';
import type { Access, Flags, Kernel, Slot } from './kernel.ts';

export interface CompiledKernel {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly slots: readonly Slot[];
}

const bufferType: Record<Access, GPUBufferBindingType> = {
  uniform: 'uniform',
  read: 'read-only-storage',
  read_write: 'storage',
};

export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #compiled = new Map<string, Promise<CompiledKernel>>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Number of pipelines compiled or being compiled. */
  get size(): number {
    return this.#compiled.size;
  }

  /** The pipeline of a kernel variant; the first call compiles it, later calls share the promise. */
  get(kernel: Kernel, flags: Flags): Promise<CompiledKernel> {
    const key = `${kernel.name} ${(kernel.flags ?? []).filter((f) => flags[f]).join(' ')}`;
    let compiled = this.#compiled.get(key);
    if (!compiled) {
      compiled = this.#compile(kernel, flags);
      this.#compiled.set(key, compiled);
    }
    return compiled;
  }

  async #compile(kernel: Kernel, flags: Flags): Promise<CompiledKernel> {
    const device = this.#device;
    const { code, slots } = kernel.variant(flags);
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label: kernel.name, code });
    const layout = device.createBindGroupLayout({
      label: kernel.name,
      entries: slots.map(({ access, binding }) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: bufferType[access] },
      })),
    });
    const pending = device.createComputePipelineAsync({
      label: kernel.name,
      layout: device.createPipelineLayout({ label: kernel.name, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: kernel.entryPoint ?? 'main', constants: { workgroup_size: kernel.workgroup } },
    });
    const scope = device.popErrorScope();
    try {
      const [pipeline, error] = await Promise.all([pending, scope]);
      if (error) throw new Error(error.message);
      return { pipeline, layout, slots };
    } catch (cause) {
      throw new EngineError('ShaderCompile', await explain(kernel.name, code, module, cause), { cause });
    }
  }
}

/** The compiler's messages, each with its line of WGSL. */
async function explain(name: string, code: string, module: GPUShaderModule, cause: unknown): Promise<string> {
  const lines = code.split('\n');
  const info = await module.getCompilationInfo().catch(() => null);
  const messages = (info?.messages ?? [])
    .filter((m) => m.type === 'error')
    .map((m) => `  line ${m.lineNum}:${m.linePos}: ${m.message}\n    ${lines[m.lineNum - 1] ?? ''}`);
  return [`${name} does not compile: ${cause instanceof Error ? cause.message : String(cause)}`, ...messages].join(
    '\n',
  );
}
