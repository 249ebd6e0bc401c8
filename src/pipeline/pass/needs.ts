/** What the wanted classes need of a pass beyond the regions and their intensities. */
import type { FeatureClass, WantedFeatures } from '../classes.ts';
import { PEAK_RADIUS } from '../firstorder/peak.ts';
import type { Encoded } from '../roi/encode.ts';

export interface PassNeeds {
  /** The regions as they were before resegmentation. */
  readonly morphology: boolean;
  /** Millimetres around the regions whose intensities are needed too. */
  readonly reach: number;
}

/** The voxels whose intensities are needed. */
export const encodedFor = ({ reach }: PassNeeds): Encoded => (reach > 0 ? 'box' : 'regions');

export const noNeeds: PassNeeds = { morphology: false, reach: 0 };

/** Classes that look at IBSI's morphological mask. */
const morphologyClasses: readonly FeatureClass[] = ['dzm', 'morph'];

/** How far around the regions classes look, millimetres. */
const reaches: Readonly<Partial<Record<FeatureClass, number>>> = { loc: PEAK_RADIUS };

/** The needs of all wanted classes together. */
export const passNeeds = (wanted: WantedFeatures): PassNeeds => ({
  morphology: morphologyClasses.some((name) => wanted.has(name)),
  reach: Math.max(0, ...Array.from(wanted.keys(), (name) => reaches[name] ?? 0)),
});
