/** Node build: the library, the CLI, the demo and the benchmarks, with everything but Dawn bundled for a fast start. */
import { existsSync } from 'node:fs';
import { defineConfig } from 'vite';
import { itkPipelines } from './scripts/vite/itk-pipelines.ts';
import { onnxRuntime } from './scripts/vite/onnx-runtime.ts';

const entries = {
  index: 'src/host/node/index.ts',
  cli: 'src/host/node/cli.ts',
  demo: 'src/host/node/demo.ts',
  bench: 'bench/main.ts',
};

export default defineConfig({
  publicDir: false,
  // ONNX Runtime looks beside the chunk it lies in.
  plugins: [itkPipelines('pipelines'), onnxRuntime('.', { bundled: true })],
  ssr: { noExternal: true, external: ['webgpu', 'onnxruntime-node'], target: 'node' },
  build: {
    ssr: true,
    target: 'node24',
    outDir: 'dist/node',
    license: { fileName: 'THIRD-PARTY-LICENSES.md' },
    rollupOptions: {
      // A partial checkout (without bench/, say) still builds the rest.
      input: Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(path))),
      // One folder for entries and chunks: @itk-wasm/image-io looks for `pipelines` beside the chunk it lies in.
      output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
});
