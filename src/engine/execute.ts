/** Turns a recording into one submit. The only file that encodes GPU commands. */
import type { Caps } from './caps.ts';
import { EngineError } from './errors.ts';
import type { Flags } from './kernel.ts';
import { packParams } from './pack.ts';
import type { CompiledKernel, PipelineCache } from './pipelines.ts';
import type { BufferPool } from './pool.ts';
import type { Profile } from './profile.ts';
import {
  type BufferRef,
  type CopyCommand,
  type DispatchCommand,
  isBuffer,
  type Params,
  type Recording,
  Results,
} from './recording.ts';

/** What execution needs of the engine. */
export interface ExecutionContext {
  readonly device: GPUDevice;
  readonly caps: Caps;
  readonly pool: BufferPool;
  readonly pipelines: PipelineCache;
  /** Buffers kept by earlier recordings, by reference id. */
  readonly resident: Map<number, GPUBuffer>;
  /** Collects timestamps when set. */
  readonly profile: Profile | null;
  /** One submit and one error scope per dispatch. */
  readonly debug: boolean;
  readonly useSubgroups: boolean;
}

const storageUsage = () => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
const stagingUsage = () => GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
const uniformUsage = () => GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;

const isDispatch = (c: DispatchCommand | CopyCommand): c is DispatchCommand => 'kernel' in c;

/** Workgroup counts for a linear grid: x up to the limit, the rest folded into y (kernels linearise by `common/grid`). */
export function foldGroups(groups: number, limit: number): [number, number] {
  if (groups <= limit) return [groups, 1];
  const y = Math.ceil(groups / limit);
  if (y > limit)
    throw new EngineError('LimitExceeded', `${groups} workgroups exceed ${limit} x ${limit}; split the work`);
  return [Math.ceil(groups / y), y];
}

/** The flags of a dispatch: what the caller chose, and what the device has where the caller left it open. */
export function effectiveFlags(
  command: Pick<DispatchCommand, 'flags'>,
  context: Pick<ExecutionContext, 'caps' | 'useSubgroups'>,
): Flags {
  return { SUBGROUPS: context.caps.subgroups && context.useSubgroups, ...command.flags };
}

/** Runs a recording; resolves with its downloads once the GPU has finished. */
export async function execute(recording: Recording, context: ExecutionContext): Promise<Results> {
  checkSizes(recording, context.caps);
  const dispatches = recording.commands.filter(isDispatch);
  const compiled = await Promise.all(
    dispatches.map((d) => context.pipelines.get(d.kernel, effectiveFlags(d, context))),
  );
  const { device, pool } = context;
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  const buffers = new BufferTable(context);
  let read: Readback | null = null;
  try {
    read =
      context.debug && dispatches.length > 1
        ? encodeInSteps(recording, compiled, buffers, context)
        : encode(recording, compiled, buffers, context);
  } finally {
    const scopes = [device.popErrorScope(), device.popErrorScope()] as const;
    buffers.releaseAfterSubmit(recording);
    if (read === null) await Promise.allSettled(scopes);
    else read.scopes = scopes;
  }
  const [validation, memory] = await Promise.all(read.scopes as readonly Promise<GPUError | null>[]);
  if (memory) {
    await read.discard(pool);
    throw new EngineError(
      'OutOfMemory',
      `${recording.name}: the device is out of memory (${memory.message}); ${describeMemory(context)}`,
    );
  }
  if (validation) {
    await read.discard(pool);
    throw new EngineError('Validation', `${recording.name}: ${validation.message}`);
  }
  return read.finish(context);
}

function describeMemory({ pool }: ExecutionContext): string {
  const { used, idle } = pool.stats();
  return `${used} bytes in use and ${idle} idle; run fewer cases at once or a smaller region`;
}

function checkSizes(recording: Recording, caps: Caps): void {
  const limit = caps.limits.maxStorageBufferBindingSize;
  for (const command of recording.commands) {
    if (!isDispatch(command)) continue;
    for (const [name, access] of Object.entries(command.kernel.bindings)) {
      const argument = command.args[name];
      if (isBuffer(access, argument) && argument.bytes > limit) {
        throw new EngineError(
          'LimitExceeded',
          `${argument.name} needs ${argument.bytes} bytes, more than this adapter binds at once (maxStorageBufferBindingSize ${limit})`,
        );
      }
    }
  }
}

/** The GPU buffers of one execution by reference id. */
class BufferTable {
  readonly #context: ExecutionContext;
  readonly #own = new Map<number, GPUBuffer>();
  readonly #uniforms: GPUBuffer[] = [];

  constructor(context: ExecutionContext) {
    this.#context = context;
  }

  get(ref: BufferRef): GPUBuffer {
    const known = this.#own.get(ref.id) ?? this.#context.resident.get(ref.id);
    if (known) return known;
    const buffer = this.#context.pool.acquire(ref.name, ref.bytes, storageUsage());
    this.#own.set(ref.id, buffer);
    return buffer;
  }

  uniform(bytes: number): GPUBuffer {
    const buffer = this.#context.pool.acquire('engine.params', bytes, uniformUsage());
    this.#uniforms.push(buffer);
    return buffer;
  }

  /** Hands kept buffers to the engine and all others back to the pool: the submit has ordered later use behind this one. */
  releaseAfterSubmit(recording: Recording): void {
    const kept = new Set([...recording.kept].map((ref) => ref.id));
    for (const [id, buffer] of this.#own) {
      if (kept.has(id)) this.#context.resident.set(id, buffer);
      else this.#context.pool.release(buffer);
    }
    for (const buffer of this.#uniforms) this.#context.pool.release(buffer);
  }
}

/** Staging buffers that belong to the promise of their results. */
class Readback {
  scopes: readonly Promise<GPUError | null>[] = [];
  constructor(
    readonly staging: GPUBuffer | null,
    readonly bytes: number,
    readonly offsets: readonly number[],
    readonly timestamps: { staging: GPUBuffer; rows: { kernel: string; boundBytes: number }[] } | null,
    readonly steps: readonly Promise<void>[] = [],
  ) {}

  async finish({ pool, profile, device }: ExecutionContext): Promise<Results> {
    await Promise.all(this.steps);
    const data = this.staging ? await readStaging(this.staging, this.bytes, pool) : await idle(device);
    if (this.timestamps) {
      const { staging, rows } = this.timestamps;
      profile?.add(rows, new BigUint64Array(await readStaging(staging, rows.length * 16, pool)));
    }
    return new Results(data, this.offsets);
  }

  async discard(pool: BufferPool): Promise<void> {
    await Promise.allSettled(this.steps);
    for (const buffer of [this.staging, this.timestamps?.staging]) if (buffer) pool.release(buffer);
  }
}

async function idle(device: GPUDevice): Promise<ArrayBuffer> {
  await device.queue.onSubmittedWorkDone();
  return new ArrayBuffer(0);
}

async function readStaging(staging: GPUBuffer, bytes: number, pool: BufferPool): Promise<ArrayBuffer> {
  await staging.mapAsync(GPUMapMode.READ, 0, bytes);
  const copy = staging.getMappedRange(0, bytes).slice(0);
  staging.unmap();
  pool.release(staging);
  return copy;
}

/** Packs the params of all dispatches into one uniform buffer; returns the byte offset of each, or -1. */
function uploadParams(
  dispatches: readonly DispatchCommand[],
  buffers: BufferTable,
  device: GPUDevice,
): { buffer: GPUBuffer | null; slots: { offset: number; size: number }[] } {
  const align = device.limits.minUniformBufferOffsetAlignment;
  const packed = dispatches.map((d) =>
    'params' in d.kernel.bindings ? packParams(d.kernel, d.args['params'] as Params | null) : null,
  );
  let total = 0;
  const slots = packed.map((p) => {
    if (!p) return { offset: -1, size: 0 };
    const slot = { offset: total, size: p.byteLength };
    total += Math.ceil(p.byteLength / align) * align;
    return slot;
  });
  if (total === 0) return { buffer: null, slots };
  const bytes = new Uint8Array(total);
  packed.forEach((p, i) => {
    if (p) bytes.set(p, (slots[i] as { offset: number }).offset);
  });
  const buffer = buffers.uniform(total);
  device.queue.writeBuffer(buffer, 0, bytes);
  return { buffer, slots };
}

function bindGroup(
  command: DispatchCommand,
  compiled: CompiledKernel,
  params: { buffer: GPUBuffer | null; slot: { offset: number; size: number } },
  buffers: BufferTable,
  device: GPUDevice,
): GPUBindGroup {
  const entries = compiled.slots.map(({ name, access, binding }) => {
    const argument = command.args[name];
    if (argument === undefined)
      throw new EngineError('Validation', `${command.kernel.name}: binding ${name} is not given`);
    const resource = isBuffer(access, argument)
      ? { buffer: buffers.get(argument), size: argument.bytes }
      : { buffer: params.buffer as GPUBuffer, offset: params.slot.offset, size: params.slot.size };
    return { binding, resource };
  });
  return device.createBindGroup({ label: command.kernel.name, layout: compiled.layout, entries });
}

function boundBytes(command: DispatchCommand): number {
  return Object.entries(command.kernel.bindings).reduce((sum, [name, access]) => {
    const argument = command.args[name];
    return sum + (isBuffer(access, argument) ? argument.bytes : 0);
  }, 0);
}

function writeInputs(recording: Recording, buffers: BufferTable, device: GPUDevice): void {
  for (const { ref, data } of recording.uploads) {
    const whole = data.byteLength & ~3;
    const buffer = buffers.get(ref);
    device.queue.writeBuffer(buffer, 0, data.buffer as ArrayBuffer, data.byteOffset, whole);
    if (whole < data.byteLength) {
      const tail = new Uint8Array(4);
      tail.set(new Uint8Array(data.buffer, data.byteOffset + whole, data.byteLength - whole));
      device.queue.writeBuffer(buffer, whole, tail);
    }
  }
}

function encode(
  recording: Recording,
  compiled: readonly CompiledKernel[],
  buffers: BufferTable,
  context: ExecutionContext,
): Readback {
  const { device, pool, profile, caps } = context;
  writeInputs(recording, buffers, device);
  const dispatches = recording.commands.filter(isDispatch);
  const params = uploadParams(dispatches, buffers, device);
  const encoder = device.createCommandEncoder({ label: recording.name });
  for (const ref of recording.zeroed) encoder.clearBuffer(buffers.get(ref), 0, ref.bytes);

  const queries =
    profile && caps.timestamps && dispatches.length > 0
      ? device.createQuerySet({ type: 'timestamp', count: 2 * dispatches.length })
      : null;
  let pass: GPUComputePassEncoder | null = null;
  let index = 0;
  for (const command of recording.commands) {
    if (!isDispatch(command)) {
      pass?.end();
      pass = null;
      encoder.copyBufferToBuffer(
        buffers.get(command.from),
        0,
        buffers.get(command.to),
        0,
        Math.min(command.from.bytes, command.to.bytes),
      );
      continue;
    }
    const kernel = compiled[index] as CompiledKernel;
    // While profiling every dispatch has a pass of its own: timestamps are written at pass boundaries only.
    const timestampWrites = queries
      ? { querySet: queries, beginningOfPassWriteIndex: 2 * index, endOfPassWriteIndex: 2 * index + 1 }
      : undefined;
    if (queries) pass?.end();
    if (queries || !pass)
      pass = encoder.beginComputePass({ label: queries ? command.kernel.name : recording.name, timestampWrites });
    pass.setPipeline(kernel.pipeline);
    const slot = params.slots[index] as { offset: number; size: number };
    pass.setBindGroup(0, bindGroup(command, kernel, { buffer: params.buffer, slot }, buffers, device));
    const groups = Math.ceil(command.invocations / command.kernel.workgroup);
    pass.dispatchWorkgroups(...foldGroups(groups, caps.limits.maxComputeWorkgroupsPerDimension));
    index++;
  }
  pass?.end();

  let total = 0;
  const offsets = recording.downloads.map(({ ref }) => {
    const at = total;
    total += Math.ceil(ref.bytes / 8) * 8;
    return at;
  });
  const staging = total > 0 ? pool.acquire('engine.staging', total, stagingUsage()) : null;
  recording.downloads.forEach(({ ref }, i) => {
    encoder.copyBufferToBuffer(buffers.get(ref), 0, staging as GPUBuffer, offsets[i] as number, ref.bytes);
  });

  let timestamps: Readback['timestamps'] = null;
  if (queries) {
    const bytes = dispatches.length * 16;
    const resolved = device.createBuffer({
      label: 'engine.timestamps',
      size: bytes,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    const times = pool.acquire('engine.timestamps', bytes, stagingUsage());
    encoder.resolveQuerySet(queries, 0, 2 * dispatches.length, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, times, 0, bytes);
    timestamps = {
      staging: times,
      rows: dispatches.map((d) => ({ kernel: d.kernel.name, boundBytes: boundBytes(d) })),
    };
  }
  device.queue.submit([encoder.finish()]);
  return new Readback(staging, total, offsets, timestamps);
}

/** Debug mode: one submit and one validation scope per dispatch, so that an error names its kernel. */
function encodeInSteps(
  recording: Recording,
  compiled: readonly CompiledKernel[],
  buffers: BufferTable,
  context: ExecutionContext,
): Readback {
  const { device } = context;
  writeInputs(recording, buffers, device);
  const clear = device.createCommandEncoder({ label: `${recording.name}: clear` });
  for (const ref of recording.zeroed) clear.clearBuffer(buffers.get(ref), 0, ref.bytes);
  device.queue.submit([clear.finish()]);

  const steps: Promise<void>[] = [];
  let index = 0;
  for (const command of recording.commands) {
    const step = { ...emptyRecording(recording.name), commands: [command] } as unknown as Recording;
    const kernels = isDispatch(command) ? [compiled[index++] as CompiledKernel] : [];
    device.pushErrorScope('validation');
    encode(step, kernels, buffers, { ...context, profile: null });
    const label = isDispatch(command) ? command.kernel.name : 'copy';
    steps.push(
      device.popErrorScope().then((error) => {
        if (error) throw new EngineError('Validation', `${recording.name}: ${label}: ${error.message}`);
      }),
    );
  }
  const last = encode(
    { ...emptyRecording(recording.name), downloads: recording.downloads } as unknown as Recording,
    [],
    buffers,
    { ...context, profile: null },
  );
  return new Readback(last.staging, last.bytes, last.offsets, null, steps);
}

const emptyRecording = (name: string) => ({
  name,
  uploads: [],
  zeroed: [],
  commands: [],
  downloads: [],
  kept: new Set(),
});
