/** RT structure sets (PS3.3 A.19.3): structures and their contours. */
import { badDicom, type Dataset } from './dataset.ts';

const tags = {
  roiSequence: '30060020',
  roiNumber: '30060022',
  roiName: '30060026',
  roiContours: '30060039',
  contours: '30060040',
  contourType: '30060042',
  contourData: '30060050',
  referencedRoi: '30060084',
} as const;

/** A closed planar contour. */
export interface Contour {
  /** Place among all contours of its structure in the file, from 1. */
  readonly number: number;
  /** Patient coordinates (LPS, mm) of its corners: x, y, z of one after the other. At least three corners. */
  readonly points: Float64Array;
}

/** A structure ("ROI") of a structure set. */
export interface Structure {
  /** ROI number. */
  readonly number: number;
  /** ROI name without the patient's; '' where the file has none. */
  readonly name: string;
  readonly contours: readonly Contour[];
  /** Contours that enclose no area, by what they are (POINT, OPEN_PLANAR ...): how many were left out. */
  readonly skipped: ReadonlyMap<string, number>;
}

/** CLOSEDPLANAR_XOR names the even-odd rule, by which all contours are filled here. */
const closed = ['CLOSED_PLANAR', 'CLOSEDPLANAR_XOR'];

function contoursOf(item: Dataset | undefined, number: number): Pick<Structure, 'contours' | 'skipped'> {
  const contours: Contour[] = [];
  const skipped = new Map<string, number>();
  for (const [i, contour] of (item?.sequence(tags.contours) ?? []).entries()) {
    const type = contour.string(tags.contourType);
    const points = Float64Array.from(contour.numbers(tags.contourData));
    if (points.length % 3 !== 0) {
      throw badDicom(
        contour.name,
        `structure ${number}, contour ${i + 1}: expected three coordinates per point, found ${points.length} numbers; export the structure set again`,
      );
    }
    // Without a type three points or more are taken for what nearly all contours are.
    const encloses = (type === '' || closed.includes(type)) && points.length >= 9;
    if (encloses) contours.push({ number: i + 1, points });
    else {
      const known = /^[A-Z_]{1,16}$/.test(type) ? type : 'of unknown type';
      const kind = closed.includes(type) || type === '' ? 'CLOSED_PLANAR of fewer than 3 points' : known;
      skipped.set(kind, (skipped.get(kind) ?? 0) + 1);
    }
  }
  return { contours, skipped };
}

/**
 * The structures of an RT structure set in the order of the file, also those without contours.
 * @throws PipelineError BadDicom
 */
export function readRtstruct(dataset: Dataset): Structure[] {
  const items = new Map<number, Dataset>();
  for (const item of dataset.sequence(tags.roiContours)) {
    const number = item.integer(tags.referencedRoi);
    if (number === undefined || items.has(number)) {
      throw badDicom(
        dataset.name,
        `expected the contours of one structure per item of (3006,0039), found ${number === undefined ? 'one without a number' : `structure ${number} twice`}; export the structure set again`,
      );
    }
    items.set(number, item);
  }
  const structures = dataset.sequence(tags.roiSequence).map((roi, i): Structure => {
    const number = roi.integer(tags.roiNumber);
    if (number === undefined) {
      throw badDicom(
        dataset.name,
        `expected a number of every structure, found none of structure ${i + 1} in (3006,0020); export the structure set again`,
      );
    }
    return { number, name: dataset.redact(roi.string(tags.roiName)), ...contoursOf(items.get(number), number) };
  });
  if (structures.length === 0) {
    throw badDicom(dataset.name, 'expected structures in (3006,0020), found none; export the structure set again');
  }
  return structures;
}
