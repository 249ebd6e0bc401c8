/** The result: tables of features and diagnostics, and what has to be known about them. */
import type { DeepNetwork, Row } from '../src/host/browser/index.ts';
import { element, made } from './dom.ts';
import { deep, fillDiagnostics, fillFeatures, labelOf, radiomics } from './table.ts';

/** Notes of masks and weights, and regions without features; each once. */
function notesOf(rows: readonly Row[], network: DeepNetwork | undefined): string[] {
  const failed = rows.flatMap((row) => {
    const error = row['voxomics_error'] as { readonly message: string } | undefined;
    return error ? [`${labelOf(row)}: ${error.message}`] : [];
  });
  const notes = rows.flatMap((row) => (row['voxomics_notes'] ?? []) as string[]);
  return [...new Set([...(network?.weights.notes ?? []), ...notes, ...failed])];
}

/** Shows rows. @param network that computed their deep features */
export function showRows(rows: readonly Row[], network?: DeepNetwork): void {
  const count = fillFeatures(element<HTMLTableElement>('table'), rows, radiomics);
  const learned = fillFeatures(element<HTMLTableElement>('deep-table'), rows, deep);
  fillDiagnostics(element<HTMLTableElement>('diagnostics'), rows);
  element('table-scroll').hidden = count === 0;
  const details = element<HTMLDetailsElement>('deep-result');
  details.hidden = learned === 0;
  details.open = count === 0;
  element('deep-summary').textContent = network
    ? `Deep features: ${learned} of ${network.arch}, computed by ${network.backend} in ${network.precision}`
    : '';
  element('made-up-result').hidden = !network?.weights.source.startsWith('hash:');
  element('notes').replaceChildren(...notesOf(rows, network).map((text) => made('li', text)));
  element('result').hidden = false;
}
