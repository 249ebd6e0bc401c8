/** The image processing of IBSI's data sets in our settings. */
import { presets } from '../presets.ts';
import type { SettingsInput } from '../settings.ts';
import type { Ibsi1Set, Ibsi2Set } from './reference.ts';

export interface Configuration {
  /** Name of the set in tables. */
  readonly title: string;
  /** With `force2D`, textures are those of slices only; volumes have both. */
  readonly settings: SettingsInput;
}

/** A configuration of the reference manual, which is a preset. */
const manual = (letter: 'A' | 'B' | 'C' | 'D' | 'E'): Configuration => ({
  title: `IBSI 1 CT phantom, ${letter}`,
  settings: presets[`ibsi1-${letter.toLowerCase() as Lowercase<typeof letter>}`].params.setting,
});

/**
 * The data sets of IBSI 1, and those of IBSI 2's phase 2 without a filter, which have statistics only. Grey levels of the
 * digital phantom are its intensities.
 */
export const configurations: Readonly<Record<Ibsi1Set | Ibsi2Set, Configuration>> = {
  digital: { title: 'IBSI 1 digital phantom', settings: { binWidth: 1, binMinimum: 1 } },
  A: manual('A'),
  B: manual('B'),
  C: manual('C'),
  D: manual('D'),
  E: manual('E'),
  '1.A': { title: 'IBSI 2 phase 2, 1.A', settings: { force2D: true, resegmentRange: [-1000, 400] } },
  '1.B': {
    title: 'IBSI 2 phase 2, 1.B',
    settings: {
      resampledPixelSpacing: [1, 1, 1],
      interpolator: 'sitkBSpline',
      resampledGrid: 'ibsi',
      resampledRounding: true,
      resegmentRange: [-1000, 400],
    },
  },
};

/** What needs filters by IBSI 2's definitions. PyRadiomics' have its name in two cases (LoG, wavelets), not its definition. */
export const ibsi2Missing: readonly { readonly set: string; readonly reason: string }[] = [
  {
    set: 'IBSI 2 phase 1, 33 response maps',
    reason: 'this command does not compare filtered images yet (see voxomics filter)',
  },
  {
    set: 'IBSI 2 phase 2, 2.A to 9.B, 288 values',
    reason: 'this command does not compare features of filtered images yet (see voxomics filter)',
  },
];
