/**
 * From a .wgsl file to the text a device compiles: `#import name` pastes `shaders/name.wgsl` once,
 * `#if FLAG` / `#elif FLAG` / `#else` / `#endif` select what WGSL cannot express (by wgsl-preprocessor), `#constant NAME` declares
 * a constant whose value the kernel's definition gives: sizes of arrays of an invocation cannot be overrides.
 */
import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';

/** Snippets that kernels may import, by path without extension (`common/grid`). */
const library: Record<string, string> = Object.fromEntries(
  Object.entries(
    import.meta.glob<string>('../../shaders/common/**/*.wgsl', { query: '?raw', import: 'default', eager: true }),
  ).map(([path, text]) => [path.replace(/^.*\/shaders\//, '').replace(/\.wgsl$/, ''), text]),
);

const importLine = /^[ \t]*#import[ \t]+([\w/-]+)[ \t]*$/gm;
const constantLine = /^[ \t]*#constant[ \t]+(\w+)[ \t]*$/gm;
const conditionLine = /^[ \t]*(#if|#elif)[ \t]+(\w+)[ \t]*$/gm;

function resolveImports(source: string, seen: Set<string>): string {
  return source.replace(importLine, (_line, name: string) => {
    if (seen.has(name)) return '';
    seen.add(name);
    const text = library[name];
    if (text === undefined) throw new Error(`#import ${name}: no such file under shaders/`);
    return resolveImports(text, seen);
  });
}

function declareConstants(source: string, constants: Readonly<Record<string, number>>): string {
  return source.replace(constantLine, (_line, name: string) => {
    if (!(name in constants))
      throw new Error(`#constant ${name}: no value, there are: ${Object.keys(constants).join(', ')}`);
    return `const ${name} = ${constants[name]}u;`;
  });
}

/**
 * Resolves imports, constants and conditions.
 * @param source text of a kernel file
 * @param flags value of every flag that the file may name
 * @param constants value of every constant that it declares by `#constant`, unsigned
 * @throws Error on an unknown import, flag or constant
 */
export function preprocess(
  source: string,
  flags: Readonly<Record<string, boolean>>,
  constants: Readonly<Record<string, number>> = {},
): string {
  const text = declareConstants(resolveImports(source, new Set()), constants);
  const strings: string[] = [];
  const values: boolean[] = [];
  let from = 0;
  for (const match of text.matchAll(conditionLine)) {
    const flag = match[2] as string;
    if (!(flag in flags))
      throw new Error(`${match[1]} ${flag}: unknown flag, expected one of: ${Object.keys(flags).join(', ')}`);
    strings.push(`${text.slice(from, match.index)}${match[1]} `);
    values.push(flags[flag] as boolean);
    from = match.index + match[0].length;
  }
  strings.push(text.slice(from));
  if (values.length === 0) return text;
  return wgsl(Object.assign(strings, { raw: strings }) as unknown as TemplateStringsArray, ...values);
}

/** The text as the reflection can read it, which does not know subgroup matrices; they are in no binding. */
export function withoutMatrices(code: string): string {
  return code.replace(/\bsubgroup_matrix_\w+<[^>]*>/g, 'f32').replace(/\b(subgroupMatrix\w+)<[^>]*>(?=\()/g, '$1');
}
