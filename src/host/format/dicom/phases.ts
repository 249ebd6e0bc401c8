/**
 * Several images in one series: time points, echoes, b-values.
 *
 * Where slices lie at the same place, the first attribute of `phaseKeys` is taken that parts them into groups alike, each
 * with the same places; groups that still hold a place twice are parted again. Where no attribute does, but every place
 * occurs equally often, the n-th image at each place by instance number makes phase n. A group may lack some places
 * (an interrupted scan): it is a phase whose missing slices are an error when it is read. Images without positions
 * (radiographs) are phases of their own.
 */
import { type PhaseKey, phaseKeys, type Slice } from './slices.ts';
import { axesOf, differs, directionTolerance, placeOf, samePlace } from './stack.ts';

export interface Phase {
  /** What makes the phase, e.g. `AcquisitionNumber 2`; '' for the only one. */
  readonly label: string;
  readonly slices: readonly Slice[];
}

/** Slices by place: the number of the place among those that occur. */
function placesOf(slices: readonly Slice[]): Map<Slice, number> {
  const { normal } = axesOf(slices[0]!);
  const sorted = slices.map((slice) => ({ slice, at: placeOf(slice, normal) })).toSorted((a, b) => a.at - b.at);
  const places = new Map<Slice, number>();
  let [place, last] = [-1, Number.NEGATIVE_INFINITY];
  for (const { slice, at } of sorted) {
    if (at - last > samePlace) place++;
    places.set(slice, place);
    last = at;
  }
  return places;
}

/** How often each place occurs. */
function countsOf(slices: readonly Slice[], places: ReadonlyMap<Slice, number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const slice of slices) {
    const place = places.get(slice)!;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  return counts;
}

const inOrder = (a: Slice, b: Slice): number => a.instance - b.instance || a.frame - b.frame;

/** Values of a key in order: numbers and times ascending, words by their first slice. */
function compareKeys(key: PhaseKey, a: readonly Slice[], b: readonly Slice[]): number {
  const [x, y] = [a[0]!.keys[key]!, b[0]!.keys[key]!];
  if (typeof x === 'number' && typeof y === 'number') return x - y;
  if (key === 'ImageType') return inOrder(a[0]!, b[0]!);
  return x < y ? -1 : 1;
}

function groupsBy(slices: readonly Slice[], key: PhaseKey): Slice[][] {
  const groups = new Map<string | number | undefined, Slice[]>();
  for (const slice of slices.toSorted(inOrder)) {
    const value = slice.keys[key];
    const group = groups.get(value);
    if (group) group.push(slice);
    else groups.set(value, [slice]);
  }
  if (groups.size < 2 || groups.has(undefined)) return [];
  return [...groups.values()].toSorted((a, b) => compareKeys(key, a, b));
}

const most = (counts: ReadonlyMap<number, number>): number => counts.values().reduce((a, b) => Math.max(a, b), 0);

/** Whether all groups have the same places equally often. */
function alike(groups: readonly (readonly Slice[])[], places: ReadonlyMap<Slice, number>): boolean {
  const first = countsOf(groups[0]!, places);
  return groups.every((group) => {
    const counts = countsOf(group, places);
    return counts.size === first.size && [...counts].every(([place, count]) => first.get(place) === count);
  });
}

/** Whether the groups are complete but for some places: as many as the most frequent place asks for, none of them tiny. */
function almost(groups: readonly (readonly Slice[])[], places: ReadonlyMap<Slice, number>): boolean {
  const all = countsOf(groups.flat(), places);
  return (
    groups.length === most(all) &&
    groups.every((group) => most(countsOf(group, places)) === 1 && 2 * group.length > all.size)
  );
}

function split(slices: readonly Slice[], places: ReadonlyMap<Slice, number>, label: string): Phase[] {
  const counts = countsOf(slices, places);
  if (most(counts) === 1) return [{ label, slices }];
  const labelled = (text: string) => (label ? `${label}, ${text}` : text);
  // Dates and times of a scan are not shown.
  const shown = (key: PhaseKey, group: readonly Slice[], n: number) =>
    labelled(`${key} ${key.endsWith('Time') && typeof group[0]!.keys[key] === 'string' ? n + 1 : group[0]!.keys[key]}`);
  const byKey = phaseKeys
    .map((key) => ({ key, groups: groupsBy(slices, key) }))
    .filter(({ groups }) => groups.length > 1);
  const perfect = byKey.find(({ groups }) => alike(groups, places));
  if (perfect) return perfect.groups.flatMap((group, n) => split(group, places, shown(perfect.key, group, n)));
  const near = byKey.find(({ groups }) => almost(groups, places));
  if (near) return near.groups.map((group, n) => ({ label: shown(near.key, group, n), slices: group }));
  const times = most(counts);
  if ([...counts.values()].some((count) => count !== times)) return [{ label, slices }];
  const phases = Array.from({ length: times }, (): Slice[] => []);
  const seen = new Map<number, number>();
  for (const slice of slices.toSorted(inOrder)) {
    const place = places.get(slice)!;
    const n = seen.get(place) ?? 0;
    seen.set(place, n + 1);
    phases[n]!.push(slice);
  }
  return phases.map((group, n) => ({ label: labelled(`InstanceNumber order ${n + 1}`), slices: group }));
}

/**
 * Parts the slices of a series into phases; doubled slices that no rule explains stay in one.
 */
export function splitPhases(slices: readonly Slice[]): Phase[] {
  if (slices.every((slice) => !slice.position)) {
    const images = [...Map.groupBy(slices.toSorted(inOrder), (slice) => slice.file).values()];
    if (images.length === 1) return [{ label: '', slices: images[0]! }];
    return images.map((image) => ({ label: image[0]!.name.replace(/ frame \d+$/, ''), slices: image }));
  }
  const first = slices[0]!.orientation;
  const comparable = slices.every(
    ({ position, orientation }) => position && orientation && first && !differs(orientation, first, directionTolerance),
  );
  // The same object twice is no phase; neither are images that cannot be compared.
  const objects = new Set(slices.map(({ sopInstance, frame, file }) => `${sopInstance || file.name} ${frame}`));
  if (!comparable || objects.size < slices.length) return [{ label: '', slices }];
  return split(slices, placesOf(slices), '');
}
