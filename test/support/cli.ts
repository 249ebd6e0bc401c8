/** The command line as a user calls it: the built program in a process of its own, in a folder that goes afterwards. */
import { type ChildProcess, execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

const launcher = resolve(import.meta.dirname, '../../scripts/run.mjs');

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandLine {
  /** Path of a file in the folder where the program runs. */
  file(name: string): string;
  voxomics(...args: readonly string[]): Promise<Run>;
  /** Starts the program and presses Ctrl-C once a condition holds, which is looked at every few milliseconds. */
  interrupted(when: () => boolean, ...args: readonly string[]): Promise<Run>;
}

/** The command line for the tests of a file. @param fill writes the files that they use into the folder */
export function useCommandLine(fill: (file: (name: string) => string) => void): CommandLine {
  let folder = '';
  const file = (name: string) => join(folder, name);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'voxomics-cli-'));
    fill(file);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const start = (args: readonly string[], watch: (child: ChildProcess) => void) =>
    new Promise<Run>((done) => {
      const child = execFile(
        process.execPath,
        [launcher, 'voxomics', ...args],
        { cwd: folder, env: { ...process.env, INIT_CWD: folder }, maxBuffer: 2 ** 26 },
        (error, stdout, stderr) => {
          done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
        },
      );
      watch(child);
    });
  const voxomics = (...args: readonly string[]) => start(args, () => undefined);
  const interrupted = (when: () => boolean, ...args: readonly string[]) =>
    start(args, (child) => {
      const timer = setInterval(() => {
        if (!when()) return;
        clearInterval(timer);
        child.kill('SIGINT');
      }, 5);
      child.on('exit', () => clearInterval(timer));
    });
  return { file, voxomics, interrupted };
}
