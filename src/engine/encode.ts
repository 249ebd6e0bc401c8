/** Encodes and submits recordings. The only file that makes GPU commands. */
import type { BufferTable } from './buffers.ts';
import type { ExecutionContext } from './context.ts';
import { EngineError } from './errors.ts';
import { packParams } from './pack.ts';
import type { CompiledKernel } from './pipelines.ts';
import { Readback, stagingUsage } from './readback.ts';
import { type CopyCommand, type DispatchCommand, isBuffer, type Params, type Recording } from './recording.ts';

export const isDispatch = (c: DispatchCommand | CopyCommand): c is DispatchCommand => 'kernel' in c;

/** Workgroup counts for a linear grid: x up to the limit, the rest folded into y (kernels linearise by `common/grid`). */
export function foldGroups(groups: number, limit: number): [number, number] {
  if (groups <= limit) return [groups, 1];
  const y = Math.ceil(groups / limit);
  if (y > limit)
    throw new EngineError('LimitExceeded', `${groups} workgroups exceed ${limit} x ${limit}; split the work`);
  return [Math.ceil(groups / y), y];
}

/** Where the params of a dispatch are in the uniform buffer. */
interface Slot {
  readonly offset: number;
  readonly size: number;
}

const NO_PARAMS: Slot = { offset: -1, size: 0 };

/** Packs the params of all dispatches into one uniform buffer. A command that is repeated has one slot. */
function uploadParams(
  dispatches: ReadonlySet<DispatchCommand>,
  buffers: BufferTable,
  device: GPUDevice,
): { buffer: GPUBuffer | null; slots: ReadonlyMap<DispatchCommand, Slot> } {
  const align = device.limits.minUniformBufferOffsetAlignment;
  const packed: { offset: number; data: Uint8Array }[] = [];
  const slots = new Map<DispatchCommand, Slot>();
  let total = 0;
  for (const d of dispatches) {
    if (!('params' in d.kernel.bindings)) continue;
    const data = packParams(d.kernel, d.args['params'] as Params | null);
    slots.set(d, { offset: total, size: data.byteLength });
    packed.push({ offset: total, data });
    total += Math.ceil(data.byteLength / align) * align;
  }
  if (total === 0) return { buffer: null, slots };
  const bytes = new Uint8Array(total);
  for (const { offset, data } of packed) bytes.set(data, offset);
  const buffer = buffers.uniform(total);
  device.queue.writeBuffer(buffer, 0, bytes);
  return { buffer, slots };
}

function bindGroup(
  command: DispatchCommand,
  compiled: CompiledKernel,
  params: { buffer: GPUBuffer | null; slot: Slot },
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

export function encode(
  recording: Recording,
  compiled: readonly CompiledKernel[],
  buffers: BufferTable,
  context: ExecutionContext,
): Readback {
  const { device, pool, profile, caps } = context;
  writeInputs(recording, buffers, device);
  const dispatches = recording.commands.filter(isDispatch);
  const params = uploadParams(new Set(dispatches), buffers, device);
  const bindGroups = new Map<DispatchCommand, GPUBindGroup>();
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
    let group = bindGroups.get(command);
    if (!group) {
      const slot = params.slots.get(command) ?? NO_PARAMS;
      group = bindGroup(command, kernel, { buffer: params.buffer, slot }, buffers, device);
      bindGroups.set(command, group);
    }
    pass.setBindGroup(0, group);
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

  const timed = queries && resolveTimestamps(encoder, queries, dispatches, context);
  device.queue.submit([encoder.finish()]);
  // Submitted work keeps what it needs; nothing else uses these.
  queries?.destroy();
  timed?.resolved.destroy();
  return new Readback(staging, total, offsets, timed);
}

/** Copies the timestamps of all dispatches into a staging buffer. */
function resolveTimestamps(
  encoder: GPUCommandEncoder,
  queries: GPUQuerySet,
  dispatches: readonly DispatchCommand[],
  { device, pool }: ExecutionContext,
): NonNullable<Readback['timestamps']> & { readonly resolved: GPUBuffer } {
  const size = dispatches.length * 16;
  const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
  const resolved = device.createBuffer({ label: 'engine.timestamps', size, usage });
  const staging = pool.acquire('engine.timestamps', size, stagingUsage());
  encoder.resolveQuerySet(queries, 0, 2 * dispatches.length, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
  return { staging, resolved, rows: dispatches.map((d) => ({ kernel: d.kernel.name, boundBytes: boundBytes(d) })) };
}

/** Debug mode: one submit and one validation scope per dispatch, so that an error names its kernel. */
export function encodeInSteps(
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
