/** Rows as tables: features down, regions across. */
import type { Row } from '../src/host/browser/index.ts';

function cell(tag: 'th' | 'td', text: string, attributes: Record<string, string> = {}): HTMLTableCellElement {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Six significant digits; the full value is in the tooltip and in the saved files. */
function valueCell(row: Row, column: string): HTMLTableCellElement {
  const value = row[column];
  if (typeof value === 'number' && Number.isFinite(value))
    return cell('td', value.toPrecision(6), { title: String(value) });
  const reasons = row['voxomics_reasons'] as Record<string, string> | undefined;
  const failed = row['voxomics_error'] as { message: string } | undefined;
  return cell('td', '–', { title: reasons?.[column] ?? failed?.message ?? 'not computed' });
}

const labelOf = (row: Row): string =>
  (row['voxomics_region'] as string | undefined) ??
  `label ${(row['diagnostics_Configuration_Settings'] as { label?: number | string } | undefined)?.label ?? '?'}`;

function head(rows: readonly Row[], first: string): HTMLTableSectionElement {
  const section = document.createElement('thead');
  const line = section.insertRow();
  line.append(cell('th', first), ...rows.map((row) => cell('th', labelOf(row), { scope: 'col' })));
  return section;
}

const columnsOf = (rows: readonly Row[]): string[] => [...new Set(rows.flatMap((row) => Object.keys(row)))];

/** The features, grouped by class. */
export function fillFeatures(table: HTMLTableElement, rows: readonly Row[]): void {
  const body = document.createElement('tbody');
  let group = '';
  for (const column of columnsOf(rows).filter((c) => c.startsWith('original_'))) {
    const [, name, feature] = /^original_([^_]+)_(.*)$/.exec(column) as unknown as [string, string, string];
    if (name !== group) body.insertRow().append(cell('th', name, { colspan: String(rows.length + 1) }));
    group = name;
    body.insertRow().append(cell('th', feature, { scope: 'row' }), ...rows.map((row) => valueCell(row, column)));
  }
  table.replaceChildren(head(rows, 'Feature'), body);
}

/** The diagnostics as text, and the errors of regions without features. */
export function fillDiagnostics(table: HTMLTableElement, rows: readonly Row[]): void {
  const body = document.createElement('tbody');
  for (const column of columnsOf(rows).filter((c) => /^diagnostics_|_(error|notes)$/.test(c))) {
    const texts = rows.map((row) => (row[column] === undefined ? '' : JSON.stringify(row[column])));
    body.insertRow().append(cell('th', column, { scope: 'row' }), ...texts.map((text) => cell('td', text)));
  }
  table.replaceChildren(head(rows, 'Column'), body);
}
