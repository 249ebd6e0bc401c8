/** Vite plugin: ends a browser build that reaches a Node module, instead of shipping a stub that fails at run time. */
import { isBuiltin } from 'node:module';
import type { Plugin } from 'vite';

/** dicom-parser asks for zlib to read deflated files, which voxomics inflates itself: it gets an empty module. */
const unused = { module: 'zlib', importer: /[\\/]dicom-parser[\\/]/ };
const empty = '\0voxomics-empty';

export function refuseNode(): Plugin {
  return {
    name: 'voxomics-refuse-node',
    enforce: 'pre',
    resolveId(id, importer) {
      if (id === unused.module && importer && unused.importer.test(importer)) return empty;
      if (id === 'webgpu' || isBuiltin(id)) this.error(`${importer} imports ${id}, which browsers lack`);
    },
    load: (id) => (id === empty ? 'export default {};' : null),
  };
}
