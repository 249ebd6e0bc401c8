/** Image series among DICOM files: found, listed and chosen. Only headers are read. */
import { PipelineError } from '../../../pipeline/errors.ts';
import type { Vec3 } from '../../../pipeline/volume.ts';
import { baseName } from '../decoded.ts';
import { type Phase, splitPhases } from './phases.ts';
import { type ImageObject, type OtherObject, readObject, type Slice } from './slices.ts';
import type { NamedBytes } from './source.ts';
import { type Stack, stackSlices } from './stack.ts';

/** Files whose headers are read at the same time. */
const filesAtOnce = 16;

export interface ImageSeries {
  readonly uid: string;
  readonly number: number | undefined;
  readonly description: string;
  readonly modality: string;
  readonly files: number;
  readonly slices: readonly Slice[];
}

/** What lies in a folder, an archive or a list of files. */
export interface Catalogue {
  readonly series: readonly ImageSeries[];
  /** DICOM objects without images, masks among them. */
  readonly others: readonly OtherObject[];
  /** DICOM files that cannot be read. */
  readonly damaged: readonly PipelineError[];
  /** Number of files that are not DICOM. */
  readonly foreign: number;
  /** Replaces parts of the names and numbers of all patients. */
  readonly redact: (text: string) => string;
}

/** A series as it is listed: nothing that names a patient. */
export interface SeriesInfo {
  readonly uid: string;
  readonly number: number | null;
  readonly description: string;
  readonly modality: string;
  /** Voxels along x, y, z of the first phase; z is the number of slices also where they make no image. */
  readonly size: Vec3;
  /** Millimetres; null where the slices make no image or have no spacing. */
  readonly spacing: Vec3 | null;
  /** Names of the images in the series, to be chosen by number from 1; one is the rule. */
  readonly phases: readonly string[];
  readonly files: number;
  /** Frames of all phases. */
  readonly slices: number;
  /** Low values are shown white (MONOCHROME1). */
  readonly inverted: boolean;
  /** Why the series cannot be read, phase by phase. */
  readonly problems: readonly string[];
}

export interface SeriesListing {
  readonly series: readonly SeriesInfo[];
  readonly others: readonly Omit<OtherObject, 'kind' | 'redact'>[];
  readonly damaged: readonly string[];
  readonly foreign: number;
}

export interface SeriesChoice {
  /** UID of a series, its number, or part of its description (case does not matter); needed where there are several. */
  readonly series?: string | number;
  /** Number of the phase from 1; needed where there are several. */
  readonly phase?: number;
  /** Millimetres [between rows, between columns] for images whose header has no pixel spacing. */
  readonly pixelSpacing?: readonly [number, number];
}

async function readObjects(
  files: readonly NamedBytes[],
): Promise<(Awaited<ReturnType<typeof readObject>> | PipelineError)[]> {
  const results: (Awaited<ReturnType<typeof readObject>> | PipelineError)[] = new Array(files.length);
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < files.length; i = next++) {
      try {
        results[i] = await readObject(files[i]!);
      } catch (error) {
        if (!(error instanceof PipelineError)) throw error;
        results[i] = error;
      }
    }
  };
  await Promise.all(Array.from({ length: filesAtOnce }, worker));
  return results;
}

/**
 * Reads the headers of all files and groups the images by series, in order of series number and UID.
 */
export async function catalogue(files: readonly NamedBytes[]): Promise<Catalogue> {
  const results = await readObjects(files);
  const images: ImageObject[] = [];
  const others: OtherObject[] = [];
  const errors: PipelineError[] = [];
  let foreign = 0;
  for (const result of results) {
    if (!result) foreign++;
    else if (result instanceof PipelineError) errors.push(result);
    else if (result.kind === 'image') images.push(result);
    else others.push(result);
  }
  const series = [...Map.groupBy(images, (image) => image.series)].map(([uid, objects]): ImageSeries => {
    const { number, description, modality } = objects[0]!;
    return { uid, number, description, modality, files: objects.length, slices: objects.flatMap((o) => o.slices) };
  });
  series.sort((a, b) => (a.number ?? 0) - (b.number ?? 0) || (a.uid < b.uid ? -1 : 1));
  const redact = (text: string) => [...images, ...others].reduce((shown, object) => object.redact(shown), text);
  // The name of a file that cannot be read is only known not to be another patient's.
  const damaged = errors.map(({ code, message }) => new PipelineError(code, redact(message)));
  return { series, others, damaged, foreign, redact };
}

/** Runs a check; its complaint as text. */
function attempt<T>(check: () => T): { value?: T; problem?: PipelineError } {
  try {
    return { value: check() };
  } catch (error) {
    if (error instanceof PipelineError) return { problem: error };
    throw error;
  }
}

function infoOf(series: ImageSeries, override: SeriesChoice['pixelSpacing']): SeriesInfo {
  const { uid, number, description, modality, files, slices } = series;
  const split = attempt(() => splitPhases(slices));
  const phases: readonly Phase[] = split.value ?? [{ label: '', slices }];
  const stacks = phases.map((phase) => attempt(() => stackSlices(phase.slices, override)));
  const problems = new Set(
    [split, ...stacks].flatMap(({ problem }) => (problem ? [`${problem.code}: ${problem.message}`] : [])),
  );
  const first = phases[0]!.slices;
  const { format } = first[0]!;
  const geometry = stacks[0]!.value?.geometry;
  return {
    uid,
    number: number ?? null,
    description,
    modality,
    size: geometry?.size ?? [format.columns, format.rows, first.length],
    spacing: geometry?.spacing ?? null,
    phases: phases.map(({ label }) => label),
    files,
    slices: slices.length,
    inverted: slices.some((slice) => slice.format.inverted),
    problems: [...problems],
  };
}

/**
 * Lists the image series among files, and what else there is. Only headers are read.
 * @param pixelSpacing [between rows, between columns], for images without one
 */
export async function listSeries(
  files: readonly NamedBytes[],
  { pixelSpacing }: Pick<SeriesChoice, 'pixelSpacing'> = {},
): Promise<SeriesListing> {
  const { series, others, damaged, foreign } = await catalogue(files);
  return {
    series: series.map((s) => infoOf(s, pixelSpacing)),
    others: others.map(({ kind: _, redact: _r, ...object }) => object),
    damaged: damaged.map((error) => error.message),
    foreign,
  };
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

const shownSeries = ({ number, description, modality, slices, uid }: ImageSeries): string =>
  `\n  ${number ?? '-'}  ${modality || '-'}  "${description}"  ${counted(slices.length, 'slice')}  ${uid}`;

function matching(series: readonly ImageSeries[], wanted: string | number): ImageSeries[] {
  const text = String(wanted).trim();
  const exact = series.filter(({ uid }) => uid === text);
  if (exact.length > 0) return exact;
  const numbered = /^\d+$/.test(text) ? series.filter(({ number }) => number === Number(text)) : [];
  if (numbered.length > 0 || typeof wanted === 'number') return numbered;
  return text === '' ? [] : series.filter(({ description }) => description.toLowerCase().includes(text.toLowerCase()));
}

function nothingFound({ others, damaged, foreign, redact }: Catalogue, where: string): PipelineError {
  if (damaged.length > 0) return damaged[0]!;
  const kinds = [...new Set(others.map(({ what }) => what))].join(', ');
  const found = [
    ...(others.length > 0 ? [`${counted(others.length, 'other object')} (${kinds})`] : []),
    ...(foreign > 0 ? [`${counted(foreign, 'file')} that ${foreign === 1 ? 'is' : 'are'} not DICOM`] : []),
  ].join(' and ');
  return new PipelineError(
    'BadDicom',
    `${redact(baseName(where))}: expected DICOM images, found ${found || 'no files'}; name a folder, a zip archive or files with images${others.some(({ regions }) => regions) ? ' (a mask is read beside its image: extract IMAGE MASK, convert MASK OUT --mask-of IMAGE)' : ''}`,
  );
}

/**
 * The series asked for, or the only one.
 * @param where the files come from, for messages
 * @throws PipelineError BadSeries where several are there and none is named, BadSetting where the choice fits none or
 *   several, BadDicom where there are no images
 */
export function chooseSeries(found: Catalogue, { series: wanted }: SeriesChoice, where: string): ImageSeries {
  const { series } = found;
  if (series.length === 0) throw nothingFound(found, where);
  const list = (items: readonly ImageSeries[]) => items.map(shownSeries).join('');
  if (wanted === undefined) {
    if (series.length === 1) return series[0]!;
    throw new PipelineError(
      'BadSeries',
      `${found.redact(baseName(where))}: expected one image series, found ${series.length}; choose one by UID, number or part of its description (--series):${list(series)}`,
    );
  }
  const chosen = matching(series, wanted);
  if (chosen.length === 1) return chosen[0]!;
  throw new PipelineError(
    'BadSetting',
    chosen.length === 0
      ? `series: expected the UID, the number or part of the description of a series, found one that fits none of:${list(series)}`
      : `series: expected a choice of one series, found ${chosen.length} that fit:${list(chosen)}`,
  );
}

/**
 * The phase asked for, or the only one.
 * @throws PipelineError BadSeries where several are there and none is named, BadSetting where there is no such phase
 */
export function choosePhase({ slices, description, uid }: ImageSeries, { phase: wanted }: SeriesChoice): Phase {
  const phases = splitPhases(slices);
  const list = phases
    .map(({ label, slices: own }, n) => `\n  ${n + 1}  ${label || 'all slices'}  ${counted(own.length, 'slice')}`)
    .join('');
  if (wanted === undefined) {
    if (phases.length === 1) return phases[0]!;
    throw new PipelineError(
      'BadSeries',
      `series "${description || uid}": expected one image, found ${phases.length}; choose one by its number (--phase):${list}`,
    );
  }
  const phase = Number.isInteger(wanted) ? phases[wanted - 1] : undefined;
  if (phase) return phase;
  throw new PipelineError(
    'BadSetting',
    `phase: expected a whole number from 1 to ${phases.length}, found ${wanted}; there are:${list}`,
  );
}

/** The slices of the image asked for, in order, with their grid. */
export function chooseStack(found: Catalogue, choice: SeriesChoice, where: string): Stack {
  const { pixelSpacing } = choice;
  if (pixelSpacing && !(pixelSpacing.length === 2 && pixelSpacing.every((d) => Number.isFinite(d) && d > 0))) {
    throw new PipelineError(
      'BadSetting',
      `pixelSpacing: expected two positive numbers in mm, found ${pixelSpacing.join(', ')}`,
    );
  }
  const series = chooseSeries(found, choice, where);
  // A damaged file may be a slice of the series: without it the first or the last one would be missing unnoticed.
  if (found.damaged.length > 0) throw found.damaged[0]!;
  return stackSlices(choosePhase(series, choice).slices, pixelSpacing);
}
