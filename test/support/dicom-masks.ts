/** Small segmentations and structure sets for tests. */
import { decimals, dicomFile, type Element, encapsulated, type Item, syntaxes } from './dicom-writer.ts';

export interface Frame {
  readonly segment?: number;
  readonly position?: readonly number[];
  readonly pixels: readonly number[];
}

export interface SegFields {
  readonly type?: string;
  readonly rows: number;
  readonly columns: number;
  readonly frames: readonly Frame[];
  readonly segments?: readonly (readonly [number, string])[];
  readonly bits?: number;
  readonly orientation?: readonly number[];
  /** Between rows, between columns. */
  readonly pixelSpacing?: readonly number[];
  readonly sliceSpacing?: number;
  /** Added to the object or put in place of its elements. */
  readonly change?: Item;
  /** RLE lossless frames in place of `pixels`. */
  readonly rle?: readonly Uint8Array[];
}

function packBits(bits: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [i, bit] of bits.entries()) bytes[i >> 3]! |= bit << (i & 7);
  return bytes;
}

/** A segmentation; measures and orientation are shared groups, positions and segments those of frames. */
export function segFile(fields: SegFields): Uint8Array {
  const { type = 'BINARY', bits = 1, frames, pixelSpacing = [1, 1], segments = [[1, 'tumour']] } = fields;
  const pixels = frames.flatMap((frame) => [...frame.pixels]);
  const spacing: Element[] = fields.sliceSpacing ? [['00180088', 'DS', String(fields.sliceSpacing)]] : [];
  const stored = bits === 1 ? packBits(pixels) : pixels;
  const elements: Item = [
    ['00080016', 'UI', '1.2.840.10008.5.1.4.1.1.66.4'],
    ['00080060', 'CS', 'SEG'],
    ['00280002', 'US', [1]],
    ['00280004', 'CS', 'MONOCHROME2'],
    ['00280008', 'IS', String(frames.length)],
    ['00280010', 'US', [fields.rows]],
    ['00280011', 'US', [fields.columns]],
    ['00280100', 'US', [bits]],
    ['00280101', 'US', [bits]],
    ['00280102', 'US', [bits - 1]],
    ['00280103', 'US', [0]],
    ['00620001', 'CS', type],
    [
      '00620002',
      'SQ',
      segments.map(
        ([number, label]): Item => [
          ['00620004', 'US', [number]],
          ['00620005', 'LO', label],
        ],
      ),
    ],
    [
      '52009229',
      'SQ',
      [
        [
          ['00209116', 'SQ', [[['00200037', 'DS', decimals(fields.orientation ?? [1, 0, 0, 0, 1, 0])]]]],
          ['00289110', 'SQ', [[...spacing, ['00280030', 'DS', decimals(pixelSpacing)]]]],
        ],
      ],
    ],
    [
      '52009230',
      'SQ',
      frames.map(
        ({ position, segment }): Item => [
          ...(position ? [['00209113', 'SQ', [[['00200032', 'DS', decimals(position)]]]] as Element] : []),
          ...(segment ? [['0062000a', 'SQ', [[['0062000b', 'US', [segment]]]]] as Element] : []),
        ],
      ),
    ],
    ...(fields.rle ? [] : [['7fe00010', bits === 16 ? 'OW' : 'OB', stored] as Element]),
    ...(fields.change ?? []),
  ];
  if (!fields.rle) return dicomFile(elements);
  return Uint8Array.from([...dicomFile(elements, syntaxes.rle), ...encapsulated(fields.rle)]);
}

export interface StructureFields {
  readonly number: number;
  readonly name: string;
  /** Type and corners of each contour: x, y, z of one after the other, or a text as the file has it. */
  readonly contours?: readonly (readonly [string, readonly number[] | string])[];
}

/** A structure set. */
export function structureFile(structures: readonly StructureFields[], change: Item = []): Uint8Array {
  return dicomFile([
    ['00080016', 'UI', '1.2.840.10008.5.1.4.1.1.481.3'],
    ['00080060', 'CS', 'RTSTRUCT'],
    [
      '30060020',
      'SQ',
      structures.map(
        ({ number, name }): Item => [
          ['30060022', 'IS', String(number)],
          ['30060026', 'LO', name],
        ],
      ),
    ],
    [
      '30060039',
      'SQ',
      structures.map(
        ({ number, contours = [] }): Item => [
          [
            '30060040',
            'SQ',
            contours.map(
              ([type, points]): Item => [
                ['30060042', 'CS', type],
                ['30060050', 'DS', typeof points === 'string' ? points : decimals(points)],
              ],
            ),
          ],
          ['30060084', 'IS', String(number)],
        ],
      ),
    ],
    ...change,
  ]);
}
