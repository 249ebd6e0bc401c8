/** Parameter files: YAML or JSON as PyRadiomics reads them, with messages that name the line. */
import { Document, isCollection, isScalar, isSeq, LineCounter, parseDocument, type Scalar, visit } from 'yaml';
import { PipelineError } from '../../pipeline/errors.ts';
import { checkParams, type Params, type ParamsIssue, parseParams } from '../../pipeline/params.ts';
import type { SettingsInput } from '../../pipeline/settings.ts';

/** The line of a key, or of the nearest key above it that the file has. */
function lineOf(document: ReturnType<typeof parseDocument>, lines: LineCounter, path: ParamsIssue['path']): number {
  for (let depth = path.length; depth > 0; depth--) {
    const parent = document.getIn(path.slice(0, depth - 1), true);
    if (!isCollection(parent)) continue;
    const last = path[depth - 1];
    for (const [index, item] of parent.items.entries()) {
      const node = (item as { key?: { value?: unknown; range?: number[] } }).key ?? (item as { range?: number[] });
      const found = 'value' in node && 'key' in (item as object) ? String(node.value) === String(last) : index === last;
      if (found && node.range) return lines.linePos(node.range[0]!).line;
    }
  }
  return 1;
}

/** Calls `change` with every number of a list `sigma`: Python tells 2 from 2.0, and PyRadiomics names LoG images by it. */
function forEachSigma(document: Document, change: (sigma: Scalar) => void): void {
  visit(document, {
    Pair: (_key, { key, value }) => {
      if (isScalar(key) && key.value === 'sigma' && isSeq(value))
        value.items.filter((item) => isScalar(item)).forEach(change);
    },
  });
}

/**
 * Reads a parameter file.
 * @param text YAML or JSON
 * @param name for messages
 * @param overrides settings that the caller will put in place of the file's
 * @throws PipelineError BadSetting naming every line that is wrong, what was found and what is allowed
 */
export function parseParamsFile(text: string, name: string, overrides: SettingsInput = {}): Params {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors.map((error) => `${name}:${lines.linePos(error.pos[0]).line}: ${error.message}`);
  if (broken.length > 0) throw new PipelineError('BadSetting', broken.join('\n'));
  // Whole numbers stay as they are written.
  forEachSigma(document, (sigma) => {
    if (/^\d+$/.test(sigma.source ?? '')) sigma.value = sigma.source;
  });
  const value: unknown = document.toJS();
  const wrong = checkParams(value, overrides).map(
    ({ path, message }) => `${name}:${lineOf(document, lines, path)}: ${message}`,
  );
  if (wrong.length > 0) throw new PipelineError('BadSetting', wrong.join('\n'));
  return parseParams(value, overrides);
}

/** Parameters as the text of a parameter file. */
export function formatParams(params: object): string {
  const document = new Document(params);
  forEachSigma(document, (sigma) => {
    sigma.minFractionDigits = 1;
  });
  return document.toString({ nullStr: '' });
}
