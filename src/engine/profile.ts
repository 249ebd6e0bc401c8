/** GPU time per kernel from timestamp queries: one row per kernel name, in order of first use. */

export interface ProfileRow {
  /** The kernel's name. */
  readonly kernel: string;
  readonly dispatches: number;
  /** Sum over the dispatches, milliseconds. */
  readonly milliseconds: number;
  /** Bytes of all buffers bound, summed over the dispatches: an upper bound of the memory that had to move. */
  readonly boundBytes: number;
}

export class Profile {
  readonly #rows = new Map<string, { dispatches: number; nanoseconds: number; boundBytes: number }>();

  /** Adds the timestamps (nanoseconds, begin and end alternating) of dispatches in order. */
  add(dispatches: readonly { kernel: string; boundBytes: number }[], timestamps: BigUint64Array): void {
    dispatches.forEach(({ kernel, boundBytes }, i) => {
      const row = this.#rows.get(kernel) ?? { dispatches: 0, nanoseconds: 0, boundBytes: 0 };
      row.dispatches++;
      row.boundBytes += boundBytes;
      // Timestamps may run backwards when a GPU changes its clock; such a pair counts as nothing.
      row.nanoseconds += Math.max(0, Number((timestamps[2 * i + 1] as bigint) - (timestamps[2 * i] as bigint)));
      this.#rows.set(kernel, row);
    });
  }

  rows(): ProfileRow[] {
    return [...this.#rows].map(([kernel, r]) => ({
      kernel,
      dispatches: r.dispatches,
      milliseconds: r.nanoseconds / 1e6,
      boundBytes: r.boundBytes,
    }));
  }

  clear(): void {
    this.#rows.clear();
  }
}
