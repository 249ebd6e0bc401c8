/** Weights and the network on the CPU in headless Chromium, from the browser build. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as voxomics from '../../src/host/browser/index.ts';
import { hashVolume } from '../../src/pipeline/nn/hash-weights.ts';
import { hasShared, sharedPath } from '../support/shared.ts';

const chromium = process.env['VOXOMICS_CHROMIUM'] ?? '/usr/bin/chromium';
const build = resolve(import.meta.dirname, '../../dist/browser');
const missing = !existsSync(chromium)
  ? 'no Chromium'
  : !existsSync(build)
    ? 'dist/browser is not built'
    : hasShared
      ? null
      : 'no reference data in ../shared';
if (missing) console.log(`CPU backend in the browser: skipped, ${missing}`);

/** As in Node: relative L2 against float64. */
const tolerance = 5e-6;

const types: Record<string, string> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};
/** Threads need a page that is isolated from other origins. */
const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** The page imports the library itself: an import inside of `evaluate` would be rewritten by vitest. */
const html = `<!doctype html><title>test</title>
<script type="module">globalThis.library = import('./voxomics.js');</script>`;

async function contentOf(path: string): Promise<[type: string, body: Uint8Array | string]> {
  if (path.startsWith('/weights/'))
    return ['application/octet-stream', await readFile(sharedPath('reference/resnet', path.slice(1)))];
  if (path === '/plain.html' || path === '/isolated.html') return ['text/html', html];
  return [types[extname(path)] ?? 'application/octet-stream', await readFile(join(build, path))];
}

function serve(): Promise<Server> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    contentOf(path).then(
      ([type, body]) => {
        const headers = path === '/plain.html' ? {} : isolation;
        response.writeHead(200, { 'Content-Type': type, ...headers }).end(body);
      },
      () => response.writeHead(404).end(),
    );
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

describe.skipIf(missing)('in the browser', () => {
  let server: Server;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    server = await serve();
    browser = await puppeteer.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-quic'] });
    page = await browser.newPage();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const shape = [1, 1, 24, 32, 20];
  const input = [...hashVolume('voxomics-ref-1', shape)];

  test.each([
    ['plain.html', 'medicalnet_w4_legacy_nested_module_cuda.pth', 1],
    ['isolated.html', 'torchvision_w4.onnx', 2],
  ])('%s: features of %s', async (path, file, threads) => {
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`);
    const result = await page.evaluate(
      async (file, threads, input, shape) => {
        const { loadWeightsFrom, openCpuBackend, openOnnxRuntime } = await (
          globalThis as unknown as { readonly library: Promise<typeof voxomics> }
        ).library;
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
});
