/** ONNX Runtime in the page: WebAssembly with SIMD, with threads where the page is isolated. */
import type { OnnxRuntime } from '../cpu-backend.ts';

/** Threads beyond this gain little in convolutions of this size. */
const mostThreads = 16;

export interface OnnxRuntimeOptions {
  /** Folder of ONNX Runtime's files; default: `onnxruntime` beside this module. */
  readonly onnxRuntimeUrl?: string;
  /** Default: those of the machine, at most 16. Pages without cross-origin isolation have one. */
  readonly threads?: number;
}

/**
 * Opens ONNX Runtime. Its 14 MB of WebAssembly are fetched with the first network, from the page's own server.
 * @throws where its files are not found
 */
export async function openOnnxRuntime({ onnxRuntimeUrl, threads }: OnnxRuntimeOptions = {}): Promise<OnnxRuntime> {
  const { InferenceSession, Tensor, env } = await import('onnxruntime-web/wasm');
  const folder = onnxRuntimeUrl ?? new URL(/* @vite-ignore */ 'onnxruntime', import.meta.url).href;
  const file = (ending: string) =>
    new URL(`${folder}/ort-wasm-simd-threaded.${ending}`, globalThis.location?.href).href;
  const count = globalThis.crossOriginIsolated ? (threads ?? Math.min(navigator.hardwareConcurrency, mostThreads)) : 1;
  env.wasm.wasmPaths = { mjs: file('mjs'), wasm: file('wasm') };
  env.wasm.numThreads = count;
  return {
    description: `onnxruntime-web ${env.versions.web} (WebAssembly, threads: ${count})`,
    Tensor,
    open: (model) => InferenceSession.create(model, { executionProviders: ['wasm'] }),
  };
}
