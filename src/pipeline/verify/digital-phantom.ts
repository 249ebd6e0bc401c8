/** IBSI's digital phantom (reference manual, "Digital phantom"; CC BY 4.0): 5 x 4 x 4 voxels of 2 mm, 74 of them in the region. */
import type { Geometry, Mask, Volume } from '../volume.ts';

/** Grey levels: a line per slice z, its rows y side by side, x to the right; `x` after a level: outside of the region. */
const slices = `
1 4 4 1 1    1 4 6 1 1   4  1 6  4 1   4 4 6 4 1
1 4 4 1 1    1 1 6 1 1   1x 1 3  1 1   4 4 6 1 1
1 4 4 1x 1x  1 1 1 1 1   1  1 9x 1 1   1 1 6 1 1
1 4 4 1x 1x  1 1 1 1 1   1  1 1  1 1   1 1 6 1 1
`;

/** Makes the phantom: an int16 image and its mask (label 1), on the grid of IBSI's own file. */
export function digitalPhantom(): { readonly image: Volume; readonly mask: Mask } {
  const voxels = slices.trim().split(/\s+/);
  const grid: Geometry = {
    dimension: 3,
    size: [5, 4, 4],
    spacing: [2, 2, 2],
    origin: [0, 0, 0],
    direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  };
  return {
    image: { ...grid, data: Int16Array.from(voxels, (text) => Number.parseInt(text, 10)) },
    mask: { ...grid, data: Uint8Array.from(voxels, (text) => Number(!text.endsWith('x'))) },
  };
}
