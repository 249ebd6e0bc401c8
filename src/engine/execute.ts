/** Runs a recording: pipelines, one submit, errors, results. */
import { BufferTable } from './buffers.ts';
import type { Caps } from './caps.ts';
import type { ExecutionContext } from './context.ts';
import { encode, encodeInSteps, isDispatch } from './encode.ts';
import { EngineError } from './errors.ts';
import type { Flags } from './kernel.ts';
import type { CompiledKernel } from './pipelines.ts';
import type { Profile } from './profile.ts';
import type { Readback } from './readback.ts';
import { type DispatchCommand, isBuffer, type Recording, type Results } from './recording.ts';

/** The flags of a dispatch: what the caller chose, and what the device has where the caller left it open. */
export function effectiveFlags(
  command: Pick<DispatchCommand, 'flags'>,
  context: Pick<ExecutionContext, 'caps' | 'useSubgroups'>,
): Flags {
  return { SUBGROUPS: context.caps.subgroups && context.useSubgroups, ...command.flags };
}

/**
 * Runs a recording; resolves with its downloads once the GPU has finished.
 * @param profile collects the timestamps of its dispatches where the device has such; default: that of the context
 */
export async function execute(
  recording: Recording,
  context: ExecutionContext,
  profile: Profile | null = context.profile,
): Promise<Results> {
  checkSizes(recording, context.caps);
  const dispatches = recording.commands.filter(isDispatch);
  const compiling = Promise.all(dispatches.map((d) => context.pipelines.get(d.kernel, effectiveFlags(d, context))));
  // Handled where its turn comes.
  compiling.catch(() => undefined);
  const submitting = context.turn.then(async () => submit(recording, await compiling, { ...context, profile }));
  context.turn = submitting.catch(() => undefined);
  const { read, scopes, buffers } = await submitting;
  const { pool } = context;
  const [validation, unbounded] = await Promise.all(scopes);
  // Whatever uses a buffer that got no memory is invalid.
  const memory = unbounded ?? (validation && (await pool.failureOf([...buffers.all(), ...read.buffers()])));
  if (memory || validation) {
    buffers.dropKept();
    await read.discard(pool);
  }
  if (memory) {
    pool.trim();
    throw new EngineError(
      'OutOfMemory',
      `${recording.name}: the device is out of memory (${memory.message}); ${describeMemory(context)}`,
    );
  }
  if (validation) throw new EngineError('Validation', `${recording.name}: ${validation.message}`);
  return read.finish({ ...context, profile });
}

/** Encodes and submits inside error scopes. */
function submit(
  recording: Recording,
  compiled: readonly CompiledKernel[],
  context: ExecutionContext,
): {
  readonly read: Readback;
  readonly scopes: readonly [Promise<GPUError | null>, Promise<GPUError | null>];
  readonly buffers: BufferTable;
} {
  const { device } = context;
  device.pushErrorScope('out-of-memory');
  device.pushErrorScope('validation');
  const buffers = new BufferTable(context);
  try {
    const read =
      context.debug && compiled.length > 1
        ? encodeInSteps(recording, compiled, buffers, context)
        : encode(recording, compiled, buffers, context);
    buffers.releaseAfterSubmit(recording);
    return { read, buffers, scopes: [device.popErrorScope(), device.popErrorScope()] };
  } catch (error) {
    for (const scope of [device.popErrorScope(), device.popErrorScope()]) scope.catch(() => undefined);
    buffers.releaseAfterSubmit(recording);
    buffers.dropKept();
    throw error;
  }
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
