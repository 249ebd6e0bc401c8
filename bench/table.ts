/** Rows as an aligned table. */

function text(value: unknown): string {
  if (typeof value !== 'number') return String(value);
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return value < 10 ? value.toPrecision(3) : value.toFixed(1);
}

/** Prints the rows under a title; columns are the keys of the first row. */
export function printTable(title: string, rows: readonly object[]): void {
  const first = rows[0];
  if (!first) return;
  const names = Object.keys(first);
  const lines = rows.map((row) => names.map((name) => text((row as Record<string, unknown>)[name])));
  const widths = names.map((name, k) => Math.max(name.length, ...lines.map((line) => (line[k] as string).length)));
  const numeric = names.map((name) => typeof (first as Record<string, unknown>)[name] === 'number');
  const format = (cells: readonly string[]) =>
    cells
      .map((cell, k) => (numeric[k] ? cell.padStart(widths[k] as number) : cell.padEnd(widths[k] as number)))
      .join('  ');
  process.stdout.write(`\n${title}\n${[names, ...lines].map(format).join('\n')}\n`);
}
