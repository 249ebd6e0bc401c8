/** The weights of the network: a file that is looked through as soon as it is chosen, or made-up ones. */
import type { Variant, WeightsReport } from '../src/host/browser/index.ts';
import { connectFiles, element, made } from './dom.ts';
import { fillTensors } from './table.ts';
import type { Inspection } from './weights-worker.ts';

const kind = element<HTMLSelectElement>('weights-kind');
const note = element('weights-chosen');
const report = element('weights-report');
let file: File | null = null;

/** The weights that are asked for. @throws Error where no file is chosen */
export function weightsChoice(): File | string {
  if (kind.value === 'hash') return `hash:${element<HTMLInputElement>('seed').value.trim()}`;
  if (!file) throw new Error('Choose a file of weights for the deep features, or take made-up ones for a trial.');
  return file;
}

/** Looks through a file in a worker, which goes afterwards with all that it has read. */
function inspect(chosen: File): Promise<Inspection> {
  const worker = new Worker(new URL('./weights-worker.ts', import.meta.url), { type: 'module' });
  return new Promise<Inspection>((done) => {
    worker.onmessage = ({ data }: MessageEvent<Inspection>) => done(data);
    worker.onerror = ({ message }) => done({ error: `${chosen.name} could not be looked through: ${message}` });
    worker.postMessage(chosen);
  }).finally(() => worker.terminate());
}

function facts(entries: readonly (readonly [name: string, value: string])[]): HTMLDListElement {
  const list = document.createElement('dl');
  for (const [name, value] of entries) list.append(made('dt', name), made('dd', value));
  return list;
}

function show({ container, bytes, sha256, network, parameters, variants, notes, tensors }: WeightsReport): void {
  const details = document.createElement('details');
  const table = document.createElement('table');
  fillTensors(table, tensors);
  const scroll = Object.assign(made('div', ''), { className: 'scroll low' });
  scroll.append(table);
  details.append(made('summary', `${tensors.length} tensors`), scroll);
  const some = variants.some(({ fits }) => fits);
  const shape =
    network &&
    `3D ResNet18: width ${network.width}, input channels ${network.channels}, shortcut ${network.shortcut}, ` +
      `${network.features} features, ${parameters.toLocaleString('en')} parameters`;
  report.replaceChildren(
    facts([
      ['File', `${container}, ${(bytes / 2 ** 20).toFixed(2)} MiB`],
      ['SHA-256', sha256 ?? 'not available: this page was not served by https'],
      ['Holds', shape ?? 'no 3D ResNet18'],
      // What differs is worth its space where nothing fits.
      ...(some ? [] : variants.map(({ variant, differences }) => [variant, differences.join('; ')] as const)),
    ]),
    ...notes.map((text) => made('p', text)),
    details,
  );
}

interface Verdict {
  readonly words: string;
  readonly wrong: boolean;
  /** A network to choose in place of the one that is. */
  readonly instead?: Variant;
}

/** Whether a file can be used, and with which networks. @param wanted the network that is chosen */
function verdict({ variants, fault }: WeightsReport, wanted: string): Verdict {
  const fitting = variants.filter(({ fits }) => fits).map(({ variant }) => variant);
  const [first] = fitting;
  if (fault || !first) return { words: fault ?? 'Fits none of the networks.', wrong: true };
  const words = `Fits ${fitting.join(' and ')}`;
  if ((fitting as string[]).includes(wanted)) return { words: `${words}.`, wrong: false };
  return { words: `${words}: the network was changed.`, wrong: false, instead: first };
}

function say(words: string, wrong = false): void {
  note.textContent = words;
  note.classList.toggle('alarm', wrong);
}

async function take(files: readonly File[], arch: HTMLSelectElement): Promise<void> {
  const chosen = files.length === 1 ? files[0]! : null;
  file = chosen;
  report.replaceChildren();
  say(files.length > 1 ? `Expected one file of weights, found ${files.length}; choose one of them.` : '', true);
  if (!chosen) return;
  say(`Looking through ${chosen.name} …`);
  const found = await inspect(chosen);
  if (file !== chosen) return;
  if ('error' in found) return say(found.error, true);
  const { words, wrong, instead } = verdict(found.report, arch.value);
  if (instead) arch.value = instead;
  say(words, wrong);
  show(found.report);
}

/** Connects the fields. @param arch the select of networks, which follows a file that fits another one */
export function connectWeights(arch: HTMLSelectElement): void {
  const showKind = () => {
    element('weights-drop').hidden = note.hidden = report.hidden = kind.value !== 'file';
    // A seed that is missing matters only where it is asked for.
    element('made-up').hidden = element<HTMLInputElement>('seed').disabled = kind.value !== 'hash';
  };
  kind.addEventListener('change', showKind);
  // A browser may have kept what was chosen before the page was loaded again.
  showKind();
  connectFiles('weights-drop', ['weights'], (files) => void take(files, arch));
}
