/** Structs laid out as WGSL lays them out, by reflection. */
import { makeStructuredView } from 'webgpu-utils';
import type { Kernel } from './kernel.ts';
import type { Params } from './recording.ts';

/** Bytes of a kernel's `params` with the given values: every field must be given, and no other. Null gives zeros. */
export function packParams(kernel: Kernel, params: Params | null): Uint8Array {
  const definition = kernel.variant({}).definitions.uniforms['params'];
  if (!definition) throw new Error(`${kernel.name} has no params`);
  const view = makeStructuredView(definition);
  if (params === null) return new Uint8Array(view.arrayBuffer);
  const fields = Object.keys((definition.typeDefinition as { fields?: object }).fields ?? {})
    .sort()
    .join(', ');
  const given = Object.keys(params).sort().join(', ');
  if (fields !== given) throw new Error(`${kernel.name}: params need {${fields}}, got {${given}}`);
  view.set(params);
  return new Uint8Array(view.arrayBuffer);
}

/**
 * Bytes of an array of structs whose fields are all u32 (`array<Name>` in a storage buffer of the kernel).
 * @param structName name of the WGSL struct
 * @param rows field values by field name; every field must be given
 */
export function packStructs(
  kernel: Kernel,
  structName: string,
  rows: readonly Readonly<Record<string, number>>[],
): Uint32Array {
  const definition = kernel.variant({}).definitions.structs[structName];
  if (!definition) throw new Error(`${kernel.name} has no struct ${structName}`);
  const stride = definition.size / 4;
  const packed = new Uint32Array(stride * rows.length);
  const fields = Object.entries(definition.fields).map(([name, f]) => [name, f.offset / 4] as const);
  rows.forEach((row, r) => {
    for (const [name, offset] of fields) {
      const value = row[name];
      if (value === undefined) throw new Error(`${kernel.name}: ${structName}.${name} is not given`);
      packed[r * stride + offset] = value;
    }
  });
  return packed;
}
