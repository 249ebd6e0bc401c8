/** GPU time per kernel as text. */
import type { ProfileRow } from '../../engine/index.ts';

/** A table, longest kernel first: dispatches, milliseconds, share, bytes bound and their rate. */
export function profileTable(rows: readonly ProfileRow[]): string {
  const total = rows.reduce((sum, r) => sum + r.milliseconds, 0);
  const lines = [...rows]
    .sort((a, b) => b.milliseconds - a.milliseconds)
    .map((r) => {
      const rate = r.milliseconds > 0 ? r.boundBytes / r.milliseconds / 1e6 : 0;
      const share = total > 0 ? (100 * r.milliseconds) / total : 0;
      return `${r.kernel.padEnd(30)}${String(r.dispatches).padStart(10)}${r.milliseconds.toFixed(3).padStart(12)}${share.toFixed(1).padStart(8)}${(r.boundBytes / 2 ** 20).toFixed(2).padStart(12)}${rate.toFixed(2).padStart(10)}`;
    });
  const head = `${'kernel'.padEnd(30)}${'dispatches'.padStart(10)}${'ms'.padStart(12)}${'%'.padStart(8)}${'MiB bound'.padStart(12)}${'GB/s'.padStart(10)}`;
  return `${[head, ...lines, `${'total'.padEnd(40)}${total.toFixed(3).padStart(12)}`].join('\n')}\n`;
}
