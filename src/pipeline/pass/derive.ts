/** The derived images of a pass: filtered on the GPU, cut to the box of the regions, measured in one submit. */
import { type Engine, Recording } from '../../engine/index.ts';
import type { Box } from '../box.ts';
import { buffersOf } from '../device-volume.ts';
import { deriveImages, type FilteredImage, filterSource, supportOf } from '../filter/index.ts';
import { derivedTypes, type ImageType } from '../image-types.ts';
import type { RegionCells } from '../roi/compact.ts';
import { type Encoded, recordEncode } from '../roi/encode.ts';
import { decodeRange, recordRange } from '../roi/range.ts';
import type { Vec3 } from '../volume.ts';
import type { PassInput, PassSource, PreparedPass } from './prepare.ts';

/** A pass over one image. */
export interface ImagePass {
  /** Null for the original image where only its mask is wanted. */
  readonly type: ImageType | null;
  /** PyRadiomics' name of the image, the first part of its columns. */
  readonly name: string;
  readonly input: PassInput;
  readonly pass: PreparedPass;
}

const minus = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const shifted = ({ first, last }: Box, by: Vec3): Box => ({ first: minus(first, by), last: minus(last, by) });

type TypedImage = FilteredImage & { readonly type: ImageType };

/** Runs the filters one after the other: what one needs on the way is free for the next. */
async function filterAll(
  engine: Engine,
  types: readonly ImageType[],
  { first, grid, open }: PassSource,
  { cells, box: { box, pad, padded } }: RegionCells,
  found: TypedImage[],
): Promise<string[]> {
  const regions = { inside: cells, size: padded, first: [pad, pad, pad] as const };
  const wanted = shifted(box, first);
  const opened = await open(supportOf(types, grid, wanted));
  const source = filterSource(engine, opened.image, wanted, regions);
  const notes: string[] = [];
  try {
    for (const type of types) {
      const derived = await deriveImages(type, source);
      found.push(...derived.images.map((filtered) => ({ ...filtered, type })));
      notes.push(...derived.notes);
    }
  } finally {
    await source.release();
    opened.release();
  }
  return notes;
}

/**
 * Derives the images of a pass and measures its regions on them. Regions, cells and extents are those of the pass; the
 * keys of the images (`pass.buffers`) are the caller's to release.
 * @param of voxels whose intensities are needed
 * @returns passes over the derived images, and why there are fewer than were asked for
 * @throws PipelineError of the filters
 */
export async function derivePasses(
  input: PassInput,
  pass: PreparedPass,
  of: Encoded,
): Promise<{ readonly derived: readonly ImagePass[]; readonly notes: readonly string[] }> {
  const types = derivedTypes(input.types);
  if (!input.source || types.length === 0) return { derived: [], notes: [] };
  const { engine } = input;
  const images: TypedImage[] = [];
  try {
    const notes = await filterAll(engine, types, input.source, pass.cells, images);
    const rec = new Recording('pass/derived');
    const measured = images.map(({ image }) => {
      const keys = recordEncode(rec, image, pass.cells, of, pass.cells.box.box.first);
      rec.keep(keys.keys);
      return { keys, ranges: recordRange(rec, pass.cells, keys, pass.states.length) };
    });
    const results = await engine.execute(rec);
    const derived = images.map(({ name, type, image }, k): ImagePass => {
      const { keys, ranges } = measured[k]!;
      const words = results.u32(ranges);
      const states = pass.states.map((s, region) => ({ ...s, range: decodeRange(words, region, keys.kind) }));
      return {
        type,
        name,
        input: {
          ...input,
          image: { ...input.image, float32: image.type === 'float32' },
          // The diagnostics are those of the original image.
          settings: { ...type.settings, additionalInfo: false },
          loaded: null,
        },
        pass: { ...pass, image: keys, states, original: states, buffers: [keys.keys] },
      };
    });
    return { derived, notes };
  } finally {
    engine.release(...images.flatMap(({ image }) => buffersOf(image)));
  }
}
