/** What all commands that run on the GPU share: the adapter, profiling, progress, interruption. */
import type { Command } from 'commander';
import type { Engine } from '../../../engine/index.ts';
import { PipelineError } from '../../../pipeline/errors.ts';
import type { ProgressEvent } from '../../../pipeline/progress.ts';
import { createEngine } from '../adapters.ts';
import { profileTable } from '../profile-table.ts';
import { progressDisplay } from '../progress.ts';
import { checkPlace, writeAtomically } from '../write.ts';

export interface EngineFlags {
  readonly profile?: boolean | string;
  readonly adapter?: string;
  readonly debug?: boolean;
}

/** What is left where the user ends a command; said after "interrupted". */
const NOTHING = 'nothing was written';

/** What a command works with. */
export interface Workbench {
  readonly engine: Engine;
  /** Makes another engine like it, which is the work's to destroy. */
  readonly makeEngine: () => Promise<Engine>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly onProgress: (event: ProgressEvent) => void;
}

/** Adds the options that `withEngine` reads. */
export function engineOptions(command: Command): Command {
  return command
    .option('--profile [file]', 'print GPU time per kernel; with a file, write it as JSON')
    .option('--adapter <name>', 'auto, gpu, lavapipe, swiftshader or part of an adapter’s name (also VOXOMICS_ADAPTER)')
    .option('--debug', 'check every GPU dispatch on its own (slow)');
}

/**
 * Runs the work of a command with an engine, and prints the profile where it was asked for.
 * @param left what the user has where the work is interrupted
 */
export async function withEngine(
  flags: EngineFlags,
  work: (bench: Workbench) => Promise<void>,
  left = NOTHING,
): Promise<void> {
  if (typeof flags.profile === 'string') await checkPlace(flags.profile);
  const cancel = new AbortController();
  const interrupt = () => cancel.abort(new PipelineError('Cancelled', `interrupted; ${left}`));
  process.once('SIGINT', interrupt);
  const { adapter, debug } = flags;
  const makeEngine = () => createEngine({ adapter, debug, profile: Boolean(flags.profile) });
  const engine = await makeEngine();
  const progress = progressDisplay();
  try {
    await work({ engine, makeEngine, signal: cancel.signal, onProgress: progress.update });
    progress.stop();
    if (flags.profile) await writeProfile(engine, flags.profile);
  } finally {
    progress.stop();
    process.removeListener('SIGINT', interrupt);
    engine.destroy();
  }
}

async function writeProfile(engine: Engine, target: string | true): Promise<void> {
  const rows = engine.profile.rows();
  process.stderr.write(
    engine.caps.timestamps ? profileTable(rows) : 'no profile: this adapter has no timestamp queries\n',
  );
  if (target !== true) {
    const { adapter, driver } = engine.caps;
    await writeAtomically(
      target,
      `${JSON.stringify({ adapter, driver, kernels: rows, stats: engine.stats() }, null, 2)}\n`,
    );
  }
}
