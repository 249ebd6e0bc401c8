/** Browser build: one ESM file without Node names. */
import { defineConfig } from 'vite';
import { itkPipelines } from './scripts/vite/itk-pipelines.ts';
import { onnxRuntime } from './scripts/vite/onnx-runtime.ts';
import { refuseNode } from './scripts/vite/refuse-node.ts';

export default defineConfig({
  publicDir: false,
  plugins: [refuseNode(), itkPipelines('pipelines'), onnxRuntime('onnxruntime')],
  build: {
    target: 'es2024',
    outDir: 'dist/browser',
    license: { fileName: 'THIRD-PARTY-LICENSES.md' },
    lib: { entry: 'src/host/browser/index.ts', formats: ['es'], fileName: () => 'voxomics.js' },
  },
});
