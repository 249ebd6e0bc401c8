/** Deep features in the page: what the fields ask for, and the network, which stays for further runs. */
import {
  type Backend,
  type DeepNetwork,
  type DeepOptions,
  type Engine,
  type InputSize,
  type Layer,
  type Margin,
  type NetworkChoice,
  openDeepNetwork,
  type Precision,
  type Variant,
  type ZScoreRegion,
} from '../src/host/browser/index.ts';
import { memoryText } from '../src/host/deep-memory.ts';
import { element, option } from './dom.ts';
import { connectWeights, weightsChoice } from './weights.ts';

/** The choices of each field, the default first, and what they are called; the compiler sees that none is missing. */
const choices = {
  arch: { medicalnet: 'MedicalNet', monai: 'MONAI', torchvision: 'torchvision r3d_18' } satisfies Record<
    Variant,
    string
  >,
  layer: {
    pool: 'last',
    layer1: 'layer 1',
    layer2: 'layer 2',
    layer3: 'layer 3',
    layer4: 'layer 4',
  } satisfies Record<Layer, string>,
  backend: { auto: 'GPU, else CPU', gpu: 'GPU', wasm: 'CPU' } satisfies Record<Backend, string>,
  precision: { auto: '16 bits if the GPU can', f32: '32 bits', f16: '16 bits' } satisfies Record<Precision, string>,
  zscore: {
    crop: 'in the crop',
    mask: 'in the region',
    positive: 'of values above 0',
    none: 'none',
  } satisfies Record<ZScoreRegion | 'none', string>,
};
for (const [id, names] of Object.entries(choices))
  element(id).replaceChildren(...Object.entries(names).map(([value, text]) => option(value, text)));

const textOf = (id: string): string => element<HTMLSelectElement | HTMLInputElement>(id).value;
const numberOf = (id: string): number => element<HTMLInputElement>(id).valueAsNumber;

connectWeights(element<HTMLSelectElement>('arch'));

interface Choice extends NetworkChoice {
  readonly weights: File | string;
}

const choiceOf = (): Choice => ({
  weights: weightsChoice(),
  arch: textOf('arch') as Variant,
  stemStride: textOf('stem-stride') ? (Number(textOf('stem-stride')) as 1 | 2) : undefined,
  maxPool: textOf('max-pool') ? false : undefined,
  layer: textOf('layer') as Layer,
  precision: textOf('precision') as Precision,
  backend: textOf('backend') as Backend,
});

const sizeFields = ['depth', 'height', 'width'] as const;
const sizeOf = () => sizeFields.map(numberOf) as unknown as InputSize;

let opened: { readonly choice: Choice; readonly network: Promise<DeepNetwork> } | null = null;

/** Says what the open network keeps for inputs of the size in the fields. */
async function showMemory(): Promise<void> {
  const network = await opened?.network.catch(() => null);
  const size = sizeOf();
  const known = network && size.every((n) => Number.isInteger(n) && n > 0);
  element('memory').textContent = known ? `Memory: ${memoryText(network, size)}` : '';
}
for (const id of sizeFields) element(id).addEventListener('input', () => void showMemory());

/** The network of a choice: the open one where it is that; else it is released, and another one opened. */
async function networkOf(engine: Engine, choice: Choice): Promise<DeepNetwork> {
  const before = opened;
  const names = Object.keys(choice) as (keyof Choice)[];
  if (before && names.every((name) => before.choice[name] === choice[name])) return before.network;
  opened = null;
  element('memory').textContent = '';
  // What could not be opened has nothing to give back.
  await before?.network.then(
    (network) => network.release(),
    () => undefined,
  );
  const network = openDeepNetwork(engine, {
    ...choice,
    onnxRuntimeUrl: new URL('onnxruntime', document.baseURI).href,
  });
  const now = { choice, network };
  opened = now;
  network.catch(() => {
    if (opened === now) opened = null;
  });
  return network;
}

/** Ends the wait for work that cannot be interrupted. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, refuse) =>
    signal.addEventListener('abort', () => refuse(signal.reason), { once: true }),
  );
  return Promise.race([work, aborted]);
}

/** Whether deep features are asked for. */
export const wantsDeep = (): boolean => element<HTMLInputElement>('deep-on').checked;

/** Deep features as the fields ask for them; their network is loaded where it is not yet. */
export async function deepChoice(engine: Engine, signal: AbortSignal): Promise<DeepOptions> {
  const zscore = textOf('zscore') as ZScoreRegion | 'none';
  const input = {
    size: sizeOf(),
    margin: { value: numberOf('margin'), unit: textOf('margin-unit') as Margin['unit'] },
    zscore: zscore === 'none' ? null : zscore,
    masked: element<HTMLInputElement>('masked').checked,
  };
  const network = await untilAborted(networkOf(engine, choiceOf()), signal);
  await showMemory();
  return { ...input, network };
}
