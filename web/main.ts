/** The page: files, options, a table. All work is done by the library. */
import {
  createEngine,
  defaultClasses,
  type Engine,
  type ExtractOptions,
  extract,
  extractFiles,
  type FeatureClass,
  formatRows,
  type LabelUnion,
  parseLabels,
  type Row,
} from '../src/host/browser/index.ts';
import { makePhantom } from '../src/host/phantom.ts';
import { connect, filesOf, imageChoice, maskChoice } from './files.ts';
import { fillDiagnostics, fillFeatures } from './table.ts';

declare global {
  interface Window {
    /** Rows of the last extraction, for tests and the console. */
    voxomicsRows?: Row[];
  }
}

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const form = element<HTMLFormElement>('form');
const status = element('status');
const error = element('error');
const progress = element<HTMLProgressElement>('progress');
const cancel = element<HTMLButtonElement>('cancel');

let engine: Promise<Engine> | null = null;
let running: AbortController | null = null;

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

connect('image', ['image', 'image-folder']);
connect('mask', ['mask']);
element('choose-folder').addEventListener('click', (event) => {
  // The button lies in the label of the other input.
  event.preventDefault();
  element('image-folder').click();
});

function readOptions(signal: AbortSignal): ExtractOptions {
  const labels = element<HTMLInputElement>('labels').value.split(',').map(parseLabels);
  const boxes = element('classes').querySelectorAll<HTMLInputElement>('input:checked');
  return {
    labels: labels.includes('all') ? 'all' : (labels as LabelUnion[]),
    settings: { binWidth: Number(element<HTMLInputElement>('bin-width').value) },
    classes: [...boxes].map((box) => box.value as FeatureClass),
    signal,
    onProgress: ({ done, total }) => {
      progress.max = total;
      progress.value = done;
    },
  };
}

/** Runs one extraction at a time and shows its rows or its error. */
async function run(work: (engine: Engine, options: ExtractOptions) => Promise<Row[]>): Promise<void> {
  running?.abort();
  const controller = new AbortController();
  running = controller;
  error.hidden = true;
  error.textContent = '';
  element('result').hidden = true;
  progress.hidden = cancel.hidden = false;
  status.textContent = 'Working …';
  const started = performance.now();
  try {
    const options = readOptions(controller.signal);
    const gpu = await currentEngine();
    const rows = await work(gpu, options);
    window.voxomicsRows = rows;
    fillFeatures(element<HTMLTableElement>('table'), rows);
    fillDiagnostics(element<HTMLTableElement>('diagnostics'), rows);
    element('result').hidden = false;
    const seconds = ((performance.now() - started) / 1000).toFixed(2);
    status.textContent = `${rows.length} region${rows.length === 1 ? '' : 's'} in ${seconds} s on ${gpu.caps.adapter}`;
  } catch (cause) {
    status.textContent = controller.signal.aborted ? 'Cancelled.' : '';
    if (!controller.signal.aborted) {
      error.textContent = cause instanceof Error ? cause.message : String(cause);
      error.hidden = false;
    }
  } finally {
    progress.hidden = cancel.hidden = true;
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const [image, mask] = [filesOf('image'), filesOf('mask')];
  void run(async (gpu, options) => {
    if (image.length === 0 || mask.length === 0) throw new Error('Choose an image and a mask first.');
    return extractFiles(gpu, image, mask, {
      ...options,
      image: imageChoice(),
      mask: maskChoice(),
      geometry: element<HTMLSelectElement>('geometry').value as ExtractOptions['geometry'],
      pipelinesUrl: new URL('pipelines', document.baseURI).href,
    });
  });
});
element('example').addEventListener('click', () => {
  const { image, mask } = makePhantom();
  void run((gpu, options) => extract(gpu, image, mask, options));
});
cancel.addEventListener('click', () => running?.abort());

/** Offers the rows as a download. */
function save(format: 'csv' | 'json', type: string): void {
  const url = URL.createObjectURL(new Blob([formatRows(window.voxomicsRows ?? [], format)], { type }));
  const link = Object.assign(document.createElement('a'), { href: url, download: `voxomics.${format}` });
  link.click();
  URL.revokeObjectURL(url);
}
element('save-csv').addEventListener('click', () => save('csv', 'text/csv'));
element('save-json').addEventListener('click', () => save('json', 'application/json'));
