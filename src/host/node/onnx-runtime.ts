/** ONNX Runtime in Node: the native build where it is installed, else WebAssembly. */
import { availableParallelism } from 'node:os';
import { PipelineError } from '../../pipeline/errors.ts';
import type { OnnxRuntime } from '../cpu-backend.ts';

export const onnxRuntimeKinds = ['native', 'wasm'] as const;
export type OnnxRuntimeKind = (typeof onnxRuntimeKinds)[number];

/** Threads beyond this gain little in convolutions of this size. */
const mostThreads = 16;

export interface OnnxRuntimeOptions {
  /** Default: native where the optional package onnxruntime-node is installed for this platform, else wasm. */
  readonly kind?: OnnxRuntimeKind;
  /** Default: those of the machine, at most 16. */
  readonly threads?: number;
}

/** @throws where the package, or its library for this platform, is missing */
async function openNative(threads: number): Promise<OnnxRuntime> {
  const { InferenceSession, Tensor, env } = await import('onnxruntime-node');
  return {
    description: `onnxruntime-node ${env.versions.node} (CPU, threads: ${threads})`,
    Tensor,
    open: (model) =>
      InferenceSession.create(model, {
        executionProviders: ['cpu'],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
      }),
  };
}

async function openWasm(threads: number): Promise<OnnxRuntime> {
  const { InferenceSession, Tensor, env } = await import('onnxruntime-web');
  env.wasm.numThreads = threads;
  return {
    description: `onnxruntime-web ${env.versions.web} (WebAssembly, threads: ${threads})`,
    Tensor,
    open: (model) => InferenceSession.create(model, { executionProviders: ['wasm'] }),
  };
}

/**
 * Opens ONNX Runtime.
 * @throws PipelineError BadSetting where `native` is asked for and is not installed
 */
export async function openOnnxRuntime({ kind, threads }: OnnxRuntimeOptions = {}): Promise<OnnxRuntime> {
  const count = threads ?? Math.min(availableParallelism(), mostThreads);
  if (kind === 'wasm') return openWasm(count);
  try {
    return await openNative(count);
  } catch (error) {
    // It is an optional package: absent where it was not installed or has no library for the platform.
    if (kind !== 'native') return openWasm(count);
    throw new PipelineError(
      'BadSetting',
      'expected the package onnxruntime-node with a library for this platform, found none; install it, or use wasm',
      { cause: error },
    );
  }
}
