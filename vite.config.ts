/** The page in web/: `npx vite` serves it, `npm run build` puts it into dist/web. */
import { defineConfig } from 'vite';
import { itkPipelines } from './scripts/vite/itk-pipelines.ts';
import { onnxConditions, onnxRuntime } from './scripts/vite/onnx-runtime.ts';
import { refuseNode } from './scripts/vite/refuse-node.ts';

export default defineConfig({
  root: 'web',
  base: './',
  plugins: [refuseNode(), itkPipelines('pipelines'), onnxRuntime('onnxruntime')],
  resolve: { conditions: onnxConditions },
  // The kernels' text and the readers are one chunk: all of it is needed.
  build: { target: 'es2024', outDir: '../dist/web', emptyOutDir: true, chunkSizeWarningLimit: 1000 },
});
