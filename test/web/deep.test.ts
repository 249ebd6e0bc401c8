/** Deep features in headless Chromium, from the browser build: those of Node. */
import type { Server } from 'node:http';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as voxomics from '../../src/host/browser/index.ts';
import { openDeepNetwork } from '../../src/host/node/deep-network.ts';
import { deepFeatures } from '../../src/pipeline/nn/deep-features.ts';
import type { Vec3 } from '../../src/pipeline/volume.ts';
import { useEngine } from '../support/engine.ts';
import { random, voxelCount } from '../support/random.ts';
import { volumeOf } from '../support/region.ts';
import { addressOf, builtFolder, launch, libraryPage, serve, whyNot } from '../support/site.ts';

const missing = whyNot('deep features in the browser', 'browser');

/** Relative L2 of features in float32 on two adapters: 5e-6 of each (reference/resnet/README.md). */
const FLOAT32 = 1e-5;

const size: Vec3 = [16, 14, 10];
const next = random(15);
const values = Array.from({ length: voxelCount(size) }, (_, i) => Math.floor(300 + 90 * Math.sin(i / 7) + 50 * next()));
const labels = values.map((_, i) => (i % 16 < 6 ? 1 : i % 16 > 9 ? 2 : 0));

describe.skipIf(missing)('in the browser', () => {
  const engine = useEngine();
  let server: Server;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    server = await serve(builtFolder('browser'), {
      instead: async (path) => (path === '/index.html' ? libraryPage : undefined),
    });
    browser = await launch();
    page = await browser.newPage();
    await page.goto(addressOf(server));
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  it.each([
    ['auto', /^onnxruntime-web/],
    ['gpu', /^gpu$/],
  ] as const)(
    'with the backend %s',
    async (backend, computed) => {
      const grid = volumeOf(new Uint8Array(0), size);
      const network = await openDeepNetwork(engine(), { arch: 'monai', weights: 'hash:page', backend: 'wasm' });
      const options = { size: [8, 8, 8], zscore: 'mask', masked: true, labels: [1, 2] } as const;
      const image = { ...grid, data: Int16Array.from(values) };
      const expected = await deepFeatures(
        engine(),
        image,
        { ...grid, data: Uint8Array.from(labels) },
        { ...options, network },
      );
      const found = await page.evaluate(
        async (grid, values, labels, options, backend) => {
          const library = await (globalThis as unknown as { readonly library: Promise<typeof voxomics> }).library;
          const engine = await library.createEngine();
          const network = await library.openDeepNetwork(engine, { arch: 'monai', weights: 'hash:page', backend });
          const image = { ...grid, data: Int16Array.from(values) };
          const mask = { ...grid, data: Uint8Array.from(labels) };
          const rows = await library.deepFeatures(engine, image, mask, { ...options, network });
          await network.release();
          engine.destroy();
          return rows;
        },
        { ...grid, data: null },
        values,
        labels,
        options,
        backend,
      );
      expect(found).toHaveLength(2);
      found.forEach((row, k) => {
        expect(row['diagnostics_Deep_Backend']).toMatch(computed);
        const names = Object.keys(expected[k]!).filter((name) => name.startsWith('deep_monai_'));
        expect(names).toHaveLength(512);
        const norm = Math.hypot(...names.map((name) => expected[k]![name] as number));
        const error = Math.hypot(...names.map((name) => (row[name] as number) - (expected[k]![name] as number)));
        expect(error / norm).toBeLessThan(FLOAT32);
      });
    },
    120_000,
  );
});
