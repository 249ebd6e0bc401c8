/** Rows as tables: features down, regions across; and the tensors of weights. */
import type { Row, WeightsReport } from '../src/host/browser/index.ts';

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

/** What a row's region is called. */
export const labelOf = (row: Row): string =>
  (row['voxomics_region'] as string | undefined) ??
  `label ${(row['diagnostics_Configuration_Settings'] as { label?: number | string } | undefined)?.label ?? '?'}`;

function head(rows: readonly Row[], first: string): HTMLTableSectionElement {
  const section = document.createElement('thead');
  const line = section.insertRow();
  line.append(cell('th', first), ...rows.map((row) => cell('th', labelOf(row), { scope: 'col' })));
  return section;
}

const columnsOf = (rows: readonly Row[]): string[] => [...new Set(rows.flatMap((row) => Object.keys(row)))];

/** A column of features: its group and its name in it; null for other columns. */
type Naming = (column: string) => readonly [group: string, name: string] | null;

const matched =
  (pattern: RegExp): Naming =>
  (column) => {
    const [, group, name] = pattern.exec(column) ?? [];
    return group === undefined || name === undefined ? null : [group, name];
  };

/** Radiomics features by class. */
export const radiomics: Naming = matched(/^original_([^_]+)_(.*)$/);
/** Deep features by network and layer: `deep_medicalnet_layer3_000`. */
export const deep: Naming = matched(/^(deep_.*)_(\d+)$/);

/** Fills a table with features. @returns how many there are of a region */
export function fillFeatures(table: HTMLTableElement, rows: readonly Row[], naming: Naming): number {
  const body = document.createElement('tbody');
  let group = '';
  let count = 0;
  for (const column of columnsOf(rows)) {
    const [of, feature] = naming(column) ?? [];
    if (of === undefined || feature === undefined) continue;
    if (of !== group) body.insertRow().append(cell('th', of, { colspan: String(rows.length + 1) }));
    group = of;
    count++;
    body.insertRow().append(cell('th', feature, { scope: 'row' }), ...rows.map((row) => valueCell(row, column)));
  }
  table.replaceChildren(head(rows, 'Feature'), body);
  return count;
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

/** The tensors of a file of weights. */
export function fillTensors(table: HTMLTableElement, tensors: WeightsReport['tensors']): void {
  const body = document.createElement('tbody');
  const digits = (value: number | null) => value?.toPrecision(4) ?? '–';
  for (const { name, dtype, shape, min, max, mean, nonFinite } of tensors) {
    const texts = [dtype, shape.join(' × ') || 'one value', digits(min), digits(max), digits(mean), String(nonFinite)];
    body.insertRow().append(cell('th', name, { scope: 'row' }), ...texts.map((text) => cell('td', text)));
  }
  const columns = document.createElement('thead');
  columns
    .insertRow()
    .append(
      ...['Tensor', 'Type', 'Shape', 'Least', 'Largest', 'Mean', 'Not finite'].map((text) =>
        cell('th', text, { scope: 'col' }),
      ),
    );
  table.replaceChildren(columns, body);
}
