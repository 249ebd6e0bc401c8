/** Looks through a file of weights beside the page: 132 MB take most of a second. */
import { bytesOf } from '../src/host/browser/bytes.ts';
import { inspectWeights, type WeightsReport } from '../src/host/format/weights/inspect.ts';
import { messageOf } from './dom.ts';

/** What the worker answers to a file. */
export type Inspection = { readonly report: WeightsReport } | { readonly error: string };

async function inspect(file: File): Promise<Inspection> {
  try {
    return { report: await inspectWeights(await bytesOf(file, file.name), file.name) };
  } catch (cause) {
    return { error: messageOf(cause) };
  }
}

addEventListener('message', async ({ data }: MessageEvent<File>) => postMessage(await inspect(data)));
