/** The command line as a user calls it: the built program in a process of its own. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

const launcher = resolve(import.meta.dirname, '../../scripts/run.mjs');

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `voxomics` with arguments in a folder. */
export function runCli(folder: string, args: readonly string[]): Promise<Run> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [launcher, 'voxomics', ...args],
      { cwd: folder, env: { ...process.env, INIT_CWD: folder }, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
      },
    );
  });
}
