import type { Vec3 } from '../volume.ts';
import type { Offset } from './matrices.ts';
export function offsets(
  distances: readonly number[],
  { bidirectional, force2Ddimension }: { bidirectional: boolean; force2Ddimension: 0 | 1 | 2 | null; size?: Vec3 },
): Offset[] {
  const max = Math.max(...distances);
  const list: Offset[] = [];
  for (let z = max; z >= -max; z--)
    for (let y = max; y >= -max; y--)
      for (let x = max; x >= -max; x--) {
        const d = Math.max(Math.abs(x), Math.abs(y), Math.abs(z));
        if (!distances.includes(d)) continue;
        if (force2Ddimension !== null && [z, y, x][force2Ddimension] !== 0) continue;
        list.push([x, y, z]);
      }
  return bidirectional ? list : list.slice(0, list.length / 2);
}
