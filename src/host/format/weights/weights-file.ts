/** What the readers of weight files return. */
import type { Architecture } from '../../../pipeline/nn/manifest.ts';
import { badFile } from '../decoded.ts';
import type { StoredTensor } from './stored-tensor.ts';

export type Container = 'PyTorch zip' | 'PyTorch legacy' | 'safetensors' | 'ONNX';

export interface WeightsFile {
  readonly container: Container;
  /** By state-dict key without `module.`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Of a file that holds a graph: what the graph computes. */
  readonly architecture?: Architecture;
  /** What was left out or changed, a sentence each. */
  readonly notes: readonly string[];
}

/** A damaged file can have names and shapes of any length. */
const longestFinding = 400;

/** Refusals of one file. */
export const refusal =
  (name: string, expected: string) =>
  (found: string, todo = 'copy, download or export the file again'): Error =>
    badFile(name, `expected ${expected}, found ${found.slice(0, longestFinding)}; ${todo}`);
