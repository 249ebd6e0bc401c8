/** Vite plugin: ends a browser build that reaches a Node module, instead of shipping a stub that fails at run time. */
import { isBuiltin } from 'node:module';
import type { Plugin } from 'vite';

export function refuseNode(): Plugin {
  return {
    name: 'voxomics-refuse-node',
    enforce: 'pre',
    resolveId(id, importer) {
      if (id === 'webgpu' || isBuiltin(id)) this.error(`${importer} imports ${id}, which browsers lack`);
    },
  };
}
