/** The page: files, options, tables. All work is done by the library. */
import {
  createEngine,
  deepFeatures,
  defaultClasses,
  type Engine,
  type ExtractOptions,
  extract,
  extractFiles,
  type FeatureClass,
  formatRows,
  type LabelUnion,
  parseLabels,
  type ProgressEvent,
  type Row,
  readImage,
  toVolume,
} from '../src/host/browser/index.ts';
import { makePhantom } from '../src/host/phantom.ts';
import { deepChoice, wantsDeep } from './deep.ts';
import { element, messageOf, painted } from './dom.ts';
import { connect, filesOf, imageChoice, maskChoice } from './files.ts';
import { showRows } from './result.ts';

declare global {
  interface Window {
    /** Rows of the last extraction, for tests and the console. */
    voxomicsRows?: Row[];
  }
}

const form = element<HTMLFormElement>('form');
const status = element('status');
const error = element('error');
const progress = element<HTMLProgressElement>('progress');
const stage = element('stage');
const cancel = element<HTMLButtonElement>('cancel');

let engine: Promise<Engine> | null = null;
let running: AbortController | null = null;
let last: Promise<void> = Promise.resolve();

/** One engine for the page; a new one after a failure. */
async function currentEngine(): Promise<Engine> {
  const made = engine && (await engine.catch(() => null));
  if (made?.state !== 'ready') engine = createEngine();
  return engine as Promise<Engine>;
}

for (const name of [...defaultClasses]) {
  const label = document.createElement('label');
  const box = Object.assign(document.createElement('input'), { type: 'checkbox', value: name, checked: true });
  label.append(box, ` ${name}`);
  element('classes').append(label);
}

// What is switched off is neither seen, nor checked, nor reached by keys.
for (const [id, fields] of [
  ['radiomics-on', 'radiomics-fields'],
  ['deep-on', 'deep-fields'],
] as const) {
  const [box, set] = [element<HTMLInputElement>(id), element<HTMLFieldSetElement>(fields)];
  const show = () => {
    set.hidden = set.disabled = !box.checked;
  };
  box.addEventListener('change', show);
  show();
}

connect('image', ['image', 'image-folder']);
connect('mask', ['mask']);
element('choose-folder').addEventListener('click', (event) => {
  // The button lies in the label of the other input.
  event.preventDefault();
  element('image-folder').click();
});

const stages: Partial<Record<ProgressEvent['stage'], string>> = {
  labels: 'Looking for regions',
  regions: 'Regions',
  pairs: 'Pairs of voxels',
  deep: 'Deep features',
};

function showProgress({ stage: name, done, total }: ProgressEvent): void {
  progress.max = total;
  progress.value = done;
  stage.textContent = `${stages[name] ?? name} ${done} of ${total}`;
}

/** Classes that are asked for. */
function classesChoice(): FeatureClass[] {
  const boxes = element('classes').querySelectorAll<HTMLInputElement>('input:checked:enabled');
  return [...boxes].map((box) => box.value as FeatureClass);
}

/** Options of both kinds of features; the network is loaded where it is not yet. */
async function readOptions(gpu: Engine, signal: AbortSignal): Promise<ExtractOptions> {
  const labels = element<HTMLInputElement>('labels').value.split(',').map(parseLabels);
  const classes = classesChoice();
  if (classes.length === 0 && !wantsDeep()) throw new Error('Choose feature classes, deep features, or both.');
  const options: ExtractOptions = {
    labels: labels.includes('all') ? 'all' : (labels as LabelUnion[]),
    settings: { binWidth: Number(element<HTMLInputElement>('bin-width').value) },
    classes,
    signal,
    onProgress: showProgress,
  };
  if (!wantsDeep()) return options;
  stage.textContent = 'Loading weights';
  await painted();
  const deep = await deepChoice(gpu, signal);
  stage.textContent = '';
  return { ...options, deep };
}

interface Extraction {
  /** Throws where something has not been chosen, before anything is loaded. */
  check(): void;
  rows(engine: Engine, options: ExtractOptions): Promise<Row[]>;
}

/** Computes one extraction and shows its rows or its error. */
async function show({ check, rows: compute }: Extraction, { signal }: AbortController): Promise<void> {
  if (signal.aborted) return;
  error.hidden = true;
  error.textContent = '';
  element('result').hidden = true;
  progress.hidden = stage.hidden = cancel.hidden = false;
  progress.removeAttribute('value');
  stage.textContent = '';
  status.textContent = 'Working …';
  const started = performance.now();
  try {
    check();
    const gpu = await currentEngine();
    const options = await readOptions(gpu, signal);
    const rows = await compute(gpu, options);
    window.voxomicsRows = rows;
    showRows(rows, options.deep?.network);
    const seconds = ((performance.now() - started) / 1000).toFixed(2);
    status.textContent = `${rows.length} region${rows.length === 1 ? '' : 's'} in ${seconds} s on ${gpu.caps.adapter}`;
  } catch (cause) {
    status.textContent = signal.aborted ? 'Cancelled.' : '';
    if (!signal.aborted) {
      error.textContent = messageOf(cause);
      error.hidden = false;
    }
  } finally {
    progress.hidden = stage.hidden = cancel.hidden = true;
  }
}

function stop(): void {
  running?.abort();
  // What the GPU or a worker has been given is computed to its end.
  if (!cancel.hidden) status.textContent = 'Cancelling …';
}

/** Runs one extraction at a time: a new one ends that before it, and begins once that has ended. */
function run(extraction: Extraction): void {
  stop();
  const controller = new AbortController();
  running = controller;
  last = last.then(() => show(extraction, controller));
}

/** Rows of the files that were chosen. */
const ofFiles: Extraction = {
  check() {
    if (filesOf('image').length === 0) throw new Error('Choose an image and a mask first.');
    if (filesOf('mask').length === 0 && classesChoice().length > 0)
      throw new Error('Choose a mask too; without one there are deep features of the whole image, and no radiomics.');
  },
  async rows(gpu, options) {
    const [image, mask] = [filesOf('image'), filesOf('mask')];
    const pipelinesUrl = new URL('pipelines', document.baseURI).href;
    const { deep, signal, onProgress } = options;
    if (mask.length === 0 && deep) {
      const volume = toVolume(await readImage(image, { ...imageChoice(), pipelinesUrl }));
      return deepFeatures(gpu, volume, null, { ...deep, signal, onProgress });
    }
    return extractFiles(gpu, image, mask, {
      ...options,
      image: imageChoice(),
      mask: maskChoice(),
      geometry: element<HTMLSelectElement>('geometry').value as ExtractOptions['geometry'],
      pipelinesUrl,
    });
  },
};

const ofExample: Extraction = {
  check: () => undefined,
  rows(gpu, options) {
    const { image, mask } = makePhantom();
    return extract(gpu, image, mask, options);
  },
};

form.addEventListener('submit', (event) => {
  event.preventDefault();
  run(ofFiles);
});
element('example').addEventListener('click', () => {
  if (form.reportValidity()) run(ofExample);
});
cancel.addEventListener('click', stop);

/** Offers the rows as a download. */
function save(format: 'csv' | 'json', type: string): void {
  const url = URL.createObjectURL(new Blob([formatRows(window.voxomicsRows ?? [], format)], { type }));
  const link = Object.assign(document.createElement('a'), { href: url, download: `voxomics.${format}` });
  link.click();
  URL.revokeObjectURL(url);
}
element('save-csv').addEventListener('click', () => save('csv', 'text/csv'));
element('save-json').addEventListener('click', () => save('json', 'application/json'));
