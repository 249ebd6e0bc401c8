/** The page in web/: `npx vite` serves it, `npm run build` puts it into dist/web. */
import { defineConfig } from 'vite';
import { itkPipelines } from './scripts/vite/itk-pipelines.ts';
import { onnxRuntime } from './scripts/vite/onnx-runtime.ts';
import { refuseNode } from './scripts/vite/refuse-node.ts';

/** Threads in WebAssembly need a page that is isolated from other origins. */
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

export default defineConfig({
  root: 'web',
  base: './',
  plugins: [refuseNode(), itkPipelines('pipelines'), onnxRuntime('onnxruntime')],
  worker: { format: 'es', plugins: () => [refuseNode()] },
  server: { headers },
  preview: { headers },
  // The kernels' text and the readers are one chunk: all of it is needed.
  build: { target: 'es2024', outDir: '../dist/web', emptyOutDir: true, chunkSizeWarningLimit: 1000 },
});
