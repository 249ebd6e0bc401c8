/** Verification: our numbers on this adapter beside the consensus values of IBSI and the recorded ones of PyRadiomics. */
import type { Engine } from '../../engine/index.ts';
import { PipelineError } from '../errors.ts';
import type { ProgressEvent } from '../progress.ts';
import { checkSet, type Phantom } from './check.ts';
import { configurations, ibsi2Missing } from './configurations.ts';
import { digitalPhantom } from './digital-phantom.ts';
import { checkPyradiomics } from './pyradiomics.ts';
import { ibsi1References, ibsi1Sets, ibsi2References, ibsi2Sets } from './reference.ts';
import type { CheckedValue, NotRun, VerifyReport } from './report.ts';

export type { Phantom } from './check.ts';
export * from './report.ts';

export interface VerifyOptions {
  /** IBSI's CT phantom; without it only what the program brings along is run. */
  readonly ctPhantom?: Phantom | null;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
}

/** Voxels of the CT phantom along x, y, z (reference manual, diagnostic features). */
const ctSize = [204, 201, 60] as const;

/**
 * IBSI asks for intensities in whole HU: those of the NIfTI file are rounded, those of DICOM are whole already.
 * @throws PipelineError BadFile where the image is not the CT phantom
 */
function wholeUnits(phantom: Phantom): Phantom {
  const { image } = phantom;
  if (image.size.some((n, axis) => n !== ctSize[axis]))
    throw new PipelineError(
      'BadFile',
      `CT phantom: expected ${ctSize.join(' x ')} voxels, found ${image.size.join(' x ')}; pass IBSI's own copy`,
    );
  return { ...phantom, image: { ...image, data: Int16Array.from(image.data, Math.round) } };
}

/**
 * Computes IBSI's data sets on the engine's adapter and compares with the published consensus, then a generated case with
 * what PyRadiomics made of it; offline.
 * @throws PipelineError BadFile where the CT phantom is another image; what `extract` throws; `signal.reason` when cancelled
 */
export async function verify(engine: Engine, options: VerifyOptions = {}): Promise<VerifyReport> {
  const { ctPhantom, signal, onProgress } = options;
  const ct = ctPhantom ? wholeUnits(ctPhantom) : null;
  const digital = digitalPhantom();
  const sets = [
    ...ibsi1Sets.map((set) => ({ set, phantom: set === 'digital' ? digital : ct, references: ibsi1References(set) })),
    ...ibsi2Sets.map((set) => ({ set, phantom: ct, references: ibsi2References(set) })),
  ];
  const values: CheckedValue[] = [];
  const notRun: NotRun[] = [];
  const total = sets.length + 1;
  for (const [done, { set, phantom, references }] of sets.entries()) {
    onProgress?.({ stage: 'verify', done, total });
    if (phantom) values.push(...(await checkSet(engine, phantom, configurations[set], references, signal)));
    else notRun.push({ set: configurations[set].title, reason: 'needs the CT phantom of IBSI’s data sets' });
  }
  onProgress?.({ stage: 'verify', done: sets.length, total });
  values.push(...(await checkPyradiomics(engine, signal)));
  onProgress?.({ stage: 'verify', done: total, total });
  return { values, notRun: [...notRun, ...ibsi2Missing] };
}
