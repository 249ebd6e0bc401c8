/** The image processing of IBSI's data sets in our settings. */
import type { IbsiFilterSpec } from '../filter/ibsi/index.ts';
import { presets } from '../presets.ts';
import type { SettingsInput } from '../settings.ts';
import { filterTitle, phase2Filter } from './ibsi2-filters.ts';
import type { Ibsi1Set, Ibsi2Set } from './reference.ts';

export interface Configuration {
  /** Name of the set in tables. */
  readonly title: string;
  /** Name of its values in the table of a set that others are of too; default the families of the features. */
  readonly family?: string;
  /** Filter whose responses are measured; default the image itself. */
  readonly filter?: IbsiFilterSpec | null;
  /** With `force2D`, textures are those of slices only; volumes have both. */
  readonly settings: SettingsInput;
}

/** A configuration of the reference manual, which is a preset. */
const manual = (letter: 'A' | 'B' | 'C' | 'D' | 'E'): Configuration => ({
  title: `IBSI 1 CT phantom, ${letter}`,
  settings: presets[`ibsi1-${letter.toLowerCase() as Lowercase<typeof letter>}`].params.setting,
});

/** The data sets of IBSI 1. Grey levels of the digital phantom are its intensities. */
export const configurations: Readonly<Record<Ibsi1Set, Configuration>> = {
  digital: { title: 'IBSI 1 digital phantom', settings: { binWidth: 1, binMinimum: 1 } },
  A: manual('A'),
  B: manual('B'),
  C: manual('C'),
  D: manual('D'),
  E: manual('E'),
};

const phase2 = { A: presets['ibsi2-a'], B: presets['ibsi2-b'] };

/** The configuration of a set of IBSI 2's phase 2. */
export function phase2Configuration(set: Ibsi2Set): Configuration {
  const filter = phase2Filter(set);
  return {
    title: 'IBSI 2 phase 2',
    family: `${set} ${filter ? filterTitle(filter) : 'no filter'}`,
    settings: phase2[set.at(-1) as 'A' | 'B'].params.setting,
    filter,
  };
}
