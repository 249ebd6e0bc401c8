/** Weights and the network on the CPU in headless Chromium, from the browser build. */
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as voxomics from '../../src/host/browser/index.ts';
import { hashVolume } from '../../src/pipeline/nn/hash-weights.ts';
import { hasShared, sharedPath } from '../support/shared.ts';
import { addressOf, builtFolder, launch, libraryPage, serve, whyNot } from '../support/site.ts';

const missing = whyNot('CPU backend in the browser', 'browser');
if (!hasShared) console.log('weights in the browser: skipped, no reference data in ../shared');

/** As in Node: relative L2 against float64. */
const tolerance = 5e-6;

type Library = { readonly library: Promise<typeof voxomics> };

/** Pages with the library, and the weights of the reference. */
async function instead(path: string): Promise<Uint8Array | string | undefined> {
  if (/^\/(plain|isolated)\.html$/.test(path)) return libraryPage;
  if (path.startsWith('/weights/')) return readFile(sharedPath('reference/resnet', path.slice(1)));
  // As servers of single-page applications answer to what they do not have.
  if (path.startsWith('/page/')) return libraryPage;
  return undefined;
}

describe.skipIf(missing)('in the browser', () => {
  let server: Server;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    server = await serve(builtFolder('browser'), { instead, isolated: (path) => path !== '/plain.html' });
    browser = await launch();
    page = await browser.newPage();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const shape = [1, 1, 24, 32, 20];
  const input = [...hashVolume('voxomics-ref-1', shape)];

  test.skipIf(!hasShared).each([
    ['plain.html', 'medicalnet_w4_legacy_nested_module_cuda.pth', 1],
    ['isolated.html', 'torchvision_w4.onnx', 2],
  ])('%s: features of %s', async (path, file, threads) => {
    await page.goto(`${addressOf(server)}${path}`);
    const result = await page.evaluate(
      async (file, threads, input, shape) => {
        const { loadWeightsFrom, openCpuBackend, openOnnxRuntime } = await (globalThis as unknown as Library).library;
        const bytes = await (await fetch(`/weights/${file}`)).blob();
        const { architecture, weights, sha256 } = await loadWeightsFrom(new File([bytes], file));
        const backend = await openCpuBackend(await openOnnxRuntime({ threads }), architecture, weights);
        const features = await backend.features(Float32Array.from(input), shape);
        return { features: [...features], description: backend.description, sha256 };
      },
      file,
      threads,
      input,
      shape,
    );
    const expected = JSON.parse(await readFile(sharedPath('reference/resnet/weights/expected.json'), 'utf8'));
    const wanted: number[] = expected.features[expected.files[file].features];
    const norm = (values: readonly number[]) => Math.hypot(...values);
    const error = norm(wanted.map((value, i) => value - result.features[i]!)) / norm(wanted);
    expect(result.features).toHaveLength(wanted.length);
    expect(error).toBeLessThan(tolerance);
    expect(result.description).toMatch(new RegExp(`WebAssembly, threads: ${threads}\\)$`));
    expect(result.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([
    ['nowhere', 'the HTTP status 404'],
    ['page', 'a file of the type "text/html"'],
  ])('says where it looked for ONNX Runtime: %s', async (folder, found) => {
    await page.goto(`${addressOf(server)}plain.html`);
    const result = await page.evaluate(async (folder) => {
      const { openOnnxRuntime, PipelineError } = await (globalThis as unknown as Library).library;
      const onnxRuntimeUrl = new URL(folder, document.baseURI).href;
      const error = await openOnnxRuntime({ onnxRuntimeUrl }).catch((cause: unknown) => cause);
      // The next call, with the right folder, succeeds.
      const { description } = await openOnnxRuntime();
      return error instanceof PipelineError ? { code: error.code, message: error.message, description } : String(error);
    }, folder);
    expect(result).toMatchObject({ code: 'BadSetting', description: expect.stringMatching(/^onnxruntime-web/) });
    const { message } = result as { message: string };
    expect(message).toMatch(new RegExp(`${addressOf(server)}${folder}/[-\\w.]+, found ${found}; serve .*onnxruntime`));
  });
});
