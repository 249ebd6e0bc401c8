/** Vite plugin: puts ONNX Runtime's WebAssembly beside the bundle, which loads it by path at run time. */
import { copyFileSync, createReadStream, mkdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const source = join(root, 'node_modules', 'onnxruntime-web', 'dist');
/** The CPU build with SIMD and threads; the package has others for WebGPU. */
const compiled = ['ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'];
/** What pages import, and what the worker is made of that computes: it must not be a part of a bundle. */
const entry = 'ort.wasm.min.mjs';

/**
 * @param folder where the files lie, relative to the output folder and to the served page
 * @param bundled whether the code that calls the WebAssembly is in the bundle, as in Node; else it lies there too
 */
export function onnxRuntime(folder: string, { bundled = false } = {}): Plugin {
  const files = bundled ? compiled : [...compiled, entry];
  let out = '';
  return {
    name: 'voxomics-onnx-runtime',
    configResolved(config) {
      out = resolve(config.root, config.build.outDir, folder);
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const name = basename(request.url?.split('?')[0] ?? '');
        if (!files.includes(name)) return next();
        // Workers of an isolated page need its headers too.
        for (const [header, value] of Object.entries(server.config.server.headers ?? {}))
          response.setHeader(header, value as string);
        response.setHeader('Content-Type', name.endsWith('.mjs') ? 'text/javascript' : 'application/wasm');
        createReadStream(join(source, name)).pipe(response);
      });
    },
    writeBundle() {
      mkdirSync(out, { recursive: true });
      for (const name of files) copyFileSync(join(source, name), join(out, name));
    },
  };
}
