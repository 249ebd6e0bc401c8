/** The files of the page: chosen, dropped, listed where they are DICOM. */
import { listDicom, type SeriesListing } from '../src/host/browser/index.ts';
import { connectFiles, element, option } from './dom.ts';

export type Role = 'image' | 'mask';

const chosen: Record<Role, readonly File[]> = { image: [], mask: [] };

/** The files chosen last. */
export const filesOf = (role: Role): readonly File[] => chosen[role];

/** Which image of DICOM files the page's fields ask for. */
export function imageChoice(): { series?: string; phase?: number; pixelSpacing?: readonly [number, number] } {
  const spacing = element<HTMLInputElement>('pixel-spacing').value.trim();
  const [rows, columns = rows] = spacing.split(',').map(Number);
  const series = element<HTMLSelectElement>('series').value;
  return {
    ...(series ? (JSON.parse(series) as { series: string; phase: number }) : {}),
    ...(spacing ? { pixelSpacing: [rows!, columns!] as const } : {}),
  };
}

/** Which regions of a DICOM mask. */
export function maskChoice(): { regions?: number[] } {
  const numbers = [...element<HTMLSelectElement>('region').selectedOptions].map(({ value }) => Number(value));
  return numbers.length > 0 ? { regions: numbers } : {};
}

function offerSeries(listing: SeriesListing | undefined): void {
  const options = (listing?.series ?? []).flatMap(({ uid, number, modality, description, phases }) =>
    phases.map((label, n) =>
      option(
        JSON.stringify({ series: uid, phase: n + 1 }),
        [number ?? '', modality, description, label].filter((part) => part !== '').join(' '),
      ),
    ),
  );
  element('series').replaceChildren(...options);
  element('series-choice').hidden = options.length < 2;
  const unspaced = listing?.series.some(({ problems }) => problems.some((p) => p.startsWith('MissingSpacing')));
  element('spacing-choice').hidden = !unspaced;
  if (!unspaced) element<HTMLInputElement>('pixel-spacing').value = '';
}

function offerRegions(listing: SeriesListing | undefined): void {
  const regions = (listing?.others ?? []).flatMap((object) => object.regions ?? []);
  element('region').replaceChildren(...regions.map(({ number, name }) => option(String(number), `${number} ${name}`)));
  element('region-choice').hidden = regions.length < 2;
}

/** Takes files for a role; DICOM files are listed, so that series and regions can be chosen. */
async function take(role: Role, files: readonly File[]): Promise<void> {
  chosen[role] = files;
  const note = element(`${role}-chosen`);
  note.textContent = files.length > 1 ? `${files.length} files` : '';
  const offer = role === 'image' ? offerSeries : offerRegions;
  offer(undefined);
  if (files.length === 0) return;
  // What is wrong with the files is said when they are read.
  const listing = await listDicom(files).catch(() => undefined);
  if (chosen[role] !== files) return;
  offer(listing);
  const problems = listing?.series.flatMap(({ problems }) => problems) ?? [];
  if (role === 'image' && listing)
    note.textContent = [
      `${files.length} file${files.length > 1 ? 's' : ''}, ${listing.series.length} series`,
      ...problems,
    ].join('; ');
}

/** Connects the fields of a role: its inputs, and dropping onto it. */
export const connect = (role: Role, inputs: readonly string[]): void =>
  connectFiles(`${role}-drop`, inputs, (files) => void take(role, files));
