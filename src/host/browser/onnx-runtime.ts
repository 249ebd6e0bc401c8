/** ONNX Runtime in the page: WebAssembly with SIMD in a worker, with threads where the page is isolated. */
import type * as onnxruntime from 'onnxruntime-web/wasm';
import { PipelineError } from '../../pipeline/errors.ts';
import type { OnnxRuntime } from '../cpu-backend.ts';

/** Threads beyond this gain little in convolutions of this size. */
const mostThreads = 16;

export interface OnnxRuntimeOptions {
  /** Folder of ONNX Runtime's files; default: `onnxruntime` beside this module. */
  readonly onnxRuntimeUrl?: string;
  /** Default: those of the machine, at most 16. Pages without cross-origin isolation have one. */
  readonly threads?: number;
}

/** Types that a server may give: of modules, which browsers check, and of other files. */
const script = /^(text|application)\/(x-)?(java|ecma)script\b/;
const anyFile = /^(?!text\/html)/;

/** What is said where a file is not found, or is another. */
const refusal = (url: string, found: string, cause?: unknown) =>
  new PipelineError(
    'BadSetting',
    `expected ONNX Runtime at ${url}, found ${found}; serve voxomics' folder onnxruntime there (.mjs as ` +
      'text/javascript, .wasm as application/wasm), pass the address that it has as onnxRuntimeUrl, or take backend gpu',
    { cause },
  );

/** A file of ONNX Runtime. @throws PipelineError BadSetting where the server does not give it */
async function fetchFile(url: string, type: RegExp): Promise<ArrayBuffer> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw refusal(url, 'no answer', cause);
  });
  if (!response.ok) throw refusal(url, `the HTTP status ${response.status}`);
  const found = response.headers.get('Content-Type') ?? '';
  // Servers of single-page applications give their page for what they do not have.
  if (!type.test(found)) throw refusal(url, `a file of the type "${found}"`);
  return response.arrayBuffer().catch((cause: unknown) => {
    throw refusal(url, 'a file that ended early', cause);
  });
}

async function start({ onnxRuntimeUrl, threads }: OnnxRuntimeOptions): Promise<OnnxRuntime> {
  const folder = onnxRuntimeUrl ?? new URL(/* @vite-ignore */ 'onnxruntime', import.meta.url).href;
  const file = (name: string) => new URL(`${folder}/${name}`, globalThis.location?.href).href;
  const [entry, mjs, wasm] = [
    file('ort.wasm.min.mjs'),
    file('ort-wasm-simd-threaded.mjs'),
    file('ort-wasm-simd-threaded.wasm'),
  ];
  // Where it does not find its files, ONNX Runtime fails without naming them, and for as long as the page lives.
  const [wasmBinary] = await Promise.all([fetchFile(wasm, anyFile), fetchFile(mjs, script), fetchFile(entry, script)]);
  // Its worker is made of this file, which therefore is in no bundle.
  const { InferenceSession, Tensor, env }: typeof onnxruntime = await import(
    /* @vite-ignore */ /* webpackIgnore: true */ entry
  ).catch((cause: unknown) => {
    throw refusal(entry, 'a file that does not run', cause);
  });
  const numThreads = globalThis.crossOriginIsolated
    ? (threads ?? Math.min(navigator.hardwareConcurrency, mostThreads))
    : 1;
  Object.assign(env.wasm, { wasmPaths: { mjs, wasm }, wasmBinary, numThreads, proxy: true });
  return {
    description: `onnxruntime-web ${env.versions.web} (WebAssembly, threads: ${numThreads})`,
    Tensor,
    async open(model) {
      const session = await InferenceSession.create(model, { executionProviders: ['wasm'] });
      // The worker has compiled it.
      env.wasm.wasmBinary = undefined;
      return session;
    },
  };
}

let started: Promise<OnnxRuntime> | undefined;

/**
 * Opens ONNX Runtime: fetches its 14 MB of WebAssembly from the page's own server. A page has one; options of later calls
 * change nothing.
 * @throws PipelineError BadSetting where its files are not found, with the address that was tried; a later call tries again
 */
export function openOnnxRuntime(options: OnnxRuntimeOptions = {}): Promise<OnnxRuntime> {
  if (!started) {
    started = start(options);
    started.catch(() => {
      started = undefined;
    });
  }
  return started;
}
