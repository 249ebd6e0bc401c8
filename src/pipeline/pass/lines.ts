/** The lines of a pass along which runs are counted: found once for all images with the same angles. */
import type { Engine } from '../../engine/index.ts';
import type { RegionCells } from '../roi/compact.ts';
import { findLines, type RegionLines } from '../texture/lines.ts';
import type { Offset } from '../texture/matrices.ts';

export class PassLines {
  readonly #engine: Engine;
  readonly #cells: RegionCells;
  readonly #regions: number;
  /** By offsets. */
  readonly #found = new Map<string, Promise<RegionLines>>();

  /** @param regions number of regions */
  constructor(engine: Engine, cells: RegionCells, regions: number) {
    this.#engine = engine;
    this.#cells = cells;
    this.#regions = regions;
  }

  /** The lines along the offsets. */
  along(offsets: readonly Offset[]): Promise<RegionLines> {
    const key = offsets.join(';');
    let lines = this.#found.get(key);
    if (!lines) {
      lines = findLines(this.#engine, this.#cells, offsets, this.#regions);
      this.#found.set(key, lines);
    }
    return lines;
  }

  /** Gives all lines back. */
  async release(): Promise<void> {
    for (const found of this.#found.values()) {
      const lines = await found.catch(() => null);
      await lines?.listed.catch(() => undefined);
      if (lines) this.#engine.release(lines.starts);
    }
  }
}
