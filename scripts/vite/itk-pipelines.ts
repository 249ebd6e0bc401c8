/** Vite plugin: puts itk-wasm's compiled image readers beside the bundle, which loads them by path at run time. */
import { copyFileSync, createReadStream, existsSync, mkdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const source = join(root, 'node_modules', '@itk-wasm', 'image-io', 'dist', 'pipelines');
/** Formats that voxomics reads: NIfTI, NRRD, MetaImage, and compressed DICOM. */
const readers = ['gdcm-read-image', 'nifti-read-image', 'nrrd-read-image', 'meta-read-image'];
const files = readers.flatMap((reader) => [`${reader}.js`, `${reader}.wasm.zst`]);

/** @param folder where the readers lie, relative to the output folder and to the served page */
export function itkPipelines(folder: string): Plugin {
  let out = '';
  return {
    name: 'voxomics-itk-pipelines',
    configResolved(config) {
      out = resolve(config.root, config.build.outDir, folder);
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const name = basename(request.url?.split('?')[0] ?? '');
        if (!request.url?.startsWith(`/${folder}/`) || !files.includes(name)) return next();
        response.setHeader('Content-Type', name.endsWith('.js') ? 'text/javascript' : 'application/octet-stream');
        createReadStream(join(source, name)).pipe(response);
      });
    },
    writeBundle() {
      mkdirSync(out, { recursive: true });
      for (const name of files) if (existsSync(join(source, name))) copyFileSync(join(source, name), join(out, name));
    },
  };
}
