/** The same cases by PyRadiomics and flash-radiomics, in turn with ours in the same run. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../src/engine/index.ts';
import { type BenchPreset, benchPresets, type CaseFiles, runCase, shared } from './cases.ts';
import { median, minimum } from './statistics.ts';

export type PeerName = 'pyradiomics' | 'flash_radiomics';

export interface PeerRow {
  readonly case: string;
  readonly preset: BenchPreset;
  readonly peer: PeerName;
  readonly peerMs: number;
  readonly peerMedianMs: number;
  readonly oursMs: number;
  readonly oursMedianMs: number;
  /** Peer's least time over ours. */
  readonly ratio: number;
  readonly medianRatio: number;
}

/** A path below the folder of the scripts that install and time the peers. */
export const peerScripts = (...parts: string[]): string => shared('peers', ...parts);

/** Whether those scripts are at hand. */
export const hasPeers = (): boolean => existsSync(peerScripts());

/** Runs a program to its end. @returns what it wrote to standard output @throws with the last line of its errors */
export function runProgram(command: string, args: readonly string[]): Promise<string> {
  return new Promise((done, fail) => {
    // In a folder of its own: flash-radiomics leaves files where it runs.
    const cwd = mkdtempSync(join(tmpdir(), 'voxomics-peer-'));
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      errors = (errors + chunk).slice(-1000);
    });
    child.on('error', fail);
    child.on('exit', () => rmSync(cwd, { recursive: true, force: true }));
    // After the last of its output.
    child.on('close', (code) => {
      if (code === 0) done(output);
      else fail(new Error(`${command} ended with status ${code}: ${errors.trim().split('\n').at(-1)}`));
    });
  });
}

/** The interpreter of an environment with a peer. */
export const pythonOf = (environment: string): string => join(environment, 'bin', 'python');

/** Installs a peer into `environment` unless it is there. */
export async function ensurePeer(peer: PeerName | 'ants', environment: string): Promise<void> {
  if (!existsSync(pythonOf(environment))) await runProgram('bash', [peerScripts(peer, 'setup.sh'), environment]);
}

/** One timing of a peer, from file to dictionary, after a run that is not counted. */
async function timePeer(
  peer: PeerName,
  environment: string,
  { image, mask }: CaseFiles,
  preset: BenchPreset,
  repeats: number,
): Promise<number[]> {
  const name = benchPresets[preset];
  const parameters = peerScripts(`../reference/pyradiomics/params/${name}.yaml`);
  const options =
    peer === 'pyradiomics'
      ? ['--image', image, '--mask', mask, '--params', parameters, '--repeats', String(repeats)]
      : [image, mask, '--presets', name, '--repeats', String(repeats)];
  const output = await runProgram(pythonOf(environment), [peerScripts(peer, 'bench.py'), ...options]);
  const row = JSON.parse(output.trim().split('\n').at(-1) as string) as { seconds_min: number; seconds_median: number };
  return [row.seconds_min * 1000, row.seconds_median * 1000];
}

const ROUNDS = 3;

/** Compares in rounds: ours, theirs, ours, theirs …, so that a slow spell of the machine meets both. */
export async function comparePeer(
  engine: Engine,
  files: CaseFiles,
  preset: BenchPreset,
  peer: PeerName,
  environment: string,
): Promise<PeerRow> {
  const ours: number[] = [];
  const theirs: number[][] = [];
  await runCase(engine, files, preset);
  for (let round = 0; round < ROUNDS; round++) {
    for (let k = 0; k < 5; k++) ours.push(await runCase(engine, files, preset));
    theirs.push(await timePeer(peer, environment, files, preset, 2));
  }
  const peerMs = minimum(theirs.map((t) => t[0] as number));
  const peerMedianMs = median(theirs.map((t) => t[1] as number));
  const [oursMs, oursMedianMs] = [minimum(ours), median(ours)];
  return {
    case: files.name,
    preset,
    peer,
    peerMs,
    peerMedianMs,
    oursMs,
    oursMedianMs,
    ratio: peerMs / oursMs,
    medianRatio: peerMedianMs / oursMedianMs,
  };
}
