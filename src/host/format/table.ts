/** Rows as JSON, CSV, PyRadiomics' text format and Parquet. */
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import type { Cell, Row } from '../../pipeline/row.ts';

export type TextFormat = 'json' | 'csv' | 'txt';

/** Columns of all rows in the order in which they first occur. */
function columnsOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

const isMissing = (cell: Cell | undefined): boolean =>
  cell === undefined || cell === null || (typeof cell === 'number' && !Number.isFinite(cell));

/** JSON has no NaN and no infinity: they become null wherever they stand. */
const nullForNonFinite = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? null : value;

/** A cell as text: numbers in full precision, lists and objects as JSON, missing values empty. */
function cellText(cell: Cell | undefined): string {
  if (isMissing(cell)) return '';
  return typeof cell === 'object' ? JSON.stringify(cell, nullForNonFinite) : String(cell);
}

/** RFC 4180: fields with commas, quotes or line ends are quoted, quotes doubled. */
const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function formatCsv(rows: readonly Row[]): string {
  const columns = columnsOf(rows);
  if (columns.length === 0) return '';
  const lines = [columns, ...rows.map((row) => columns.map((column) => cellText(row[column])))];
  return lines.map((cells) => `${cells.map(quoted).join(',')}\r\n`).join('');
}

/** As `pyradiomics --format txt`: one line per value, cases numbered from 1. NaN is written as `nan`. */
function formatText(rows: readonly Row[]): string {
  const value = (cell: Cell) => (typeof cell === 'number' && Number.isNaN(cell) ? 'nan' : cellText(cell));
  return rows
    .map((row, i) =>
      Object.entries(row)
        .map(([column, cell]) => `Case-${i + 1}_${column}: ${value(cell)}\n`)
        .join(''),
    )
    .join('');
}

/**
 * Rows as text.
 *
 * json: an array of flat objects, float64 in full precision, null for NaN and infinity. csv: a header with all columns
 * in first-seen order, RFC 4180, empty cells for null, NaN and infinity (PyRadiomics writes `nan`), lists and objects
 * as JSON. txt: PyRadiomics' `Case-<n>_<column>: <value>` lines.
 */
export function formatRows(rows: readonly Row[], format: TextFormat): string {
  if (format === 'csv') return formatCsv(rows);
  if (format === 'txt') return formatText(rows);
  return `${JSON.stringify(rows, nullForNonFinite, 2)}\n`;
}

/** A column is float64 where every value present is a number, boolean where every one is a boolean, else text. */
function parquetColumn(rows: readonly Row[], name: string): ColumnSource {
  const cells = rows.map((row) => row[name]);
  const present = cells.filter((cell) => cell !== undefined && cell !== null);
  const all = (type: string) => present.length > 0 && present.every((cell) => typeof cell === type);
  if (all('number'))
    return { name, type: 'DOUBLE', nullable: true, data: cells.map((cell) => (isMissing(cell) ? null : cell)) };
  if (all('boolean')) return { name, type: 'BOOLEAN', nullable: true, data: cells.map((cell) => cell ?? null) };
  return { name, type: 'STRING', nullable: true, data: cells.map((cell) => (isMissing(cell) ? null : cellText(cell))) };
}

/** Rows as a Parquet file: numbers as float64, the rest as UTF-8 (lists and objects as JSON), null for missing and non-finite values. */
export function parquetRows(rows: readonly Row[]): ArrayBuffer {
  return parquetWriteBuffer({ columnData: columnsOf(rows).map((name) => parquetColumn(rows, name)) });
}
