/** Deep features in the page, in headless Chromium: those of the reference and of the command line. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { basename } from 'node:path';
import { parse } from 'csv-parse/sync';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makePhantom } from '../../src/host/phantom.ts';
import { hashVolume } from '../../src/pipeline/nn/hash-weights.ts';
import type { Row } from '../../src/pipeline/row.ts';
import { useCommandLine } from '../support/cli.ts';
import { expectClose } from '../support/close.ts';
import { niftiGz } from '../support/files.ts';
import { volumeOf } from '../support/region.ts';
import { hasShared, sharedPath } from '../support/shared.ts';
import { addressOf, builtFolder, launch, serve, whyNot } from '../support/site.ts';

const missing = whyNot('deep features in the page', 'web');
if (!hasShared) console.log('weights in the page: skipped, no reference data in ../shared');

/** Relative L2 of features in float32 (reference/resnet/README.md). */
const FLOAT32 = 5e-6;
/** Counts are the same integers; Math functions of the two engines may differ in the last bit. */
const LAST_BIT = 1e-12;

const reference = (path: string) => sharedPath('reference/resnet', path);

function expectFeatures(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  const error = Math.hypot(...expected.map((value, k) => value - found[k]!));
  expect(error / Math.hypot(...expected)).toBeLessThan(FLOAT32);
}

const featuresOf = (row: Readonly<Record<string, unknown>>, prefix: string): number[] =>
  Object.keys(row)
    .filter((column) => column.startsWith(prefix))
    .map((column) => Number(row[column]));

describe.skipIf(missing)('deep features in the page', () => {
  let server: Server;
  let browser: Browser;
  let page: Page;
  let withoutRuntime = false;
  /** The volume of the reference: depth 24, height 32, width 20. */
  const shape = [1, 1, 24, 32, 20];

  const { file, voxomics } = useCommandLine((file) => {
    const { image, mask } = makePhantom();
    writeFileSync(file('image.nii.gz'), niftiGz(image));
    writeFileSync(file('mask.nii.gz'), niftiGz(mask as typeof image));
    const whole = volumeOf(Float32Array.from(hashVolume('voxomics-ref-1', shape)), [20, 32, 24]);
    writeFileSync(file('whole.nii.gz'), niftiGz(whole));
  });

  beforeAll(async () => {
    server = await serve(builtFolder('web'), {
      isolated: () => true,
      instead: async (path) => (withoutRuntime && path.startsWith('/onnxruntime/') ? null : undefined),
    });
    browser = await launch();
    const context = await browser.createBrowserContext({
      downloadBehavior: { policy: 'allow', downloadPath: file('.') },
    });
    page = await context.newPage();
    await page.evaluateOnNewDocument(() => {
      const reads: string[] = [];
      const { arrayBuffer } = Blob.prototype;
      Object.assign(window, { reads });
      File.prototype.arrayBuffer = function (this: File) {
        reads.push(this.name);
        return arrayBuffer.call(this);
      };
    });
    await page.goto(addressOf(server));
    await page.click('#deep-on');
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const text = (id: string) => page.$eval(`#${id}`, (e) => (e as HTMLElement).innerText);
  const shown = (id: string) => page.$eval(`#${id}`, (e) => (e as HTMLElement).checkVisibility());
  const readings = (name: string) =>
    page.evaluate((n) => (window as unknown as { reads: string[] }).reads.filter((read) => read === n).length, name);

  async function choose(id: string, ...paths: string[]): Promise<void> {
    const input = (await page.$(`#${id}`)) as unknown as { uploadFile(...paths: string[]): Promise<void> };
    await input.uploadFile(...paths);
  }

  async function set(values: Readonly<Record<string, number | string | boolean>>): Promise<void> {
    await page.evaluate((all) => {
      for (const [id, value] of Object.entries(all)) {
        const field = document.getElementById(id) as HTMLInputElement;
        if (typeof value === 'boolean') field.checked = value;
        else field.value = String(value);
        field.dispatchEvent(new Event('change', { bubbles: true }));
      }
    }, values);
  }

  /** Chooses weights. @returns what the page says of them */
  async function chooseWeights(path: string): Promise<string> {
    await choose('weights', path);
    await page.waitForFunction(
      () => !/^$|^Looking/.test((document.getElementById('weights-chosen') as HTMLElement).textContent ?? ''),
    );
    return text('weights-chosen');
  }

  /** Drops files of weights. */
  async function drop(...paths: string[]): Promise<void> {
    const files = paths.map((path) => [basename(path), readFileSync(path).toString('base64')] as const);
    await page.evaluate((all) => {
      const transfer = new DataTransfer();
      for (const [name, base64] of all)
        transfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
      const area = document.getElementById('weights-drop') as HTMLElement;
      area.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }, files);
  }

  /** Presses a button, and waits. @returns rows; or the error, in words */
  async function extract(button: 'run' | 'example'): Promise<Row[] | string> {
    await page.evaluate(() => {
      delete (window as { voxomicsRows?: unknown }).voxomicsRows;
      (document.getElementById('error') as HTMLElement).hidden = true;
    });
    await page.click(`#${button}`);
    await page.waitForFunction(
      () => 'voxomicsRows' in window || !(document.getElementById('error') as HTMLElement).hidden,
      { timeout: 60_000 },
    );
    return page.evaluate(
      () =>
        (window as unknown as { voxomicsRows?: Row[] }).voxomicsRows ??
        (document.getElementById('error') as HTMLElement).innerText,
    );
  }

  it('every field has a name, and keys reach it', async () => {
    const nameless = await page.$$eval('input, select, button', (all) =>
      (all as HTMLInputElement[])
        .filter((e) => !e.labels?.length && !e.innerText && !e.ariaLabel && e.checkVisibility())
        .map(({ id }) => id),
    );
    expect(nameless).toEqual([]);
    await page.focus('#deep-on');
    await page.keyboard.press('Space');
    expect(await shown('arch')).toBe(false);
    await page.keyboard.press('Space');
    expect(await shown('arch')).toBe(true);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('arch');
  });

  it('asks for weights, an image, a mask', async () => {
    expect(await extract('example')).toMatch(/^Choose a file of weights/);
    expect(await extract('run')).toMatch(/^Choose an image and a mask/);
    await choose('image', file('whole.nii.gz'));
    expect(await extract('run')).toMatch(/^Choose a mask too/);
  });

  describe.skipIf(!hasShared)('with weights', () => {
    it('says which file of ONNX Runtime the server does not have, and goes on once it has', async () => {
      await chooseWeights(reference('weights/monai_w4_zip.pth'));
      await set({ arch: 'monai', depth: 8, height: 8, width: 8 });
      withoutRuntime = true;
      expect(await extract('example')).toMatch(
        new RegExp(`expected ONNX Runtime at ${addressOf(server)}onnxruntime/.*, found the HTTP status 404; serve`),
      );
      withoutRuntime = false;
      expect(await extract('example')).toHaveLength(2);
    });

    it('those of a whole image are the reference’s; the file is described', async () => {
      const path = reference('weights/medicalnet_w4_zip_with_conv_seg.pth');
      const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
      expect(await chooseWeights(path)).toBe('Fits medicalnet and monai.');
      const described = await text('weights-report');
      expect(described).toMatch(/PyTorch zip/);
      expect(described).toContain(sha256);
      expect(described).toMatch(/width 4, input channels 1, shortcut A, 32 features, 130,596 parameters/);
      await choose('image', file('whole.nii.gz'));
      await set({ 'radiomics-on': false, arch: 'medicalnet', depth: 24, height: 32, width: 20, zscore: 'none' });
      const rows = (await extract('run')) as Row[];
      const expected = JSON.parse(readFileSync(reference('weights/expected.json'), 'utf8'));
      expect(rows).toHaveLength(1);
      expectFeatures(featuresOf(rows[0]!, 'deep_medicalnet_'), expected.features.medicalnet);
      expect(rows[0]).toMatchObject({
        diagnostics_Deep_Weights: basename(path),
        diagnostics_Deep_Weights_Sha256: sha256,
        diagnostics_Deep_Size: [24, 32, 20],
        diagnostics_Deep_Backend: expect.stringMatching(/^onnxruntime-web .*threads: ([2-9]|1\d)\)$/),
      });
      expect(await text('notes')).toMatch(/heads are left out: conv_seg/);
      expect(await page.$eval('#deep-table', (t) => (t as HTMLTableElement).rows.length)).toBe(1 + 1 + 32);
    });

    it('says what the network keeps, and for another size before it is used; on the GPU', async () => {
      expect(await text('memory')).toMatch(/weights \d+ kB; one input of 20 x 32 x 24 voxels at a time: 61\.4 kB/);
      await set({ backend: 'gpu' });
      const [row] = (await extract('run')) as [Row];
      expect(row['diagnostics_Deep_Backend']).toBe('gpu');
      const expected = JSON.parse(readFileSync(reference('weights/expected.json'), 'utf8'));
      expectFeatures(featuresOf(row, 'deep_medicalnet_'), expected.features.medicalnet);
      const kept = /inputs of (.*) voxels at a time: .* kB, activations ([\d.]+) ([kM])B/;
      const [, size, activations] = kept.exec(await text('memory')) ?? [];
      expect(size).toBe('20 x 32 x 24');
      await page.focus('#depth');
      await page.keyboard.type('0');
      await page.waitForFunction(() => /20 x 32 x 240/.test(document.body.innerText));
      expect(kept.exec(await text('memory'))?.[2]).not.toBe(activations);
      await set({ backend: 'auto' });
    });

    it('rows and the CSV file are those of `voxomics extract --deep`; weights are read once', async () => {
      const path = reference('weights/torchvision_w4.safetensors');
      const name = basename(path);
      await drop(path);
      await page.waitForFunction(() => /network was changed/.test(document.body.innerText));
      expect(await page.$eval('#arch', (e) => (e as HTMLSelectElement).value)).toBe('torchvision');
      await choose('image', file('image.nii.gz'));
      await choose('mask', file('mask.nii.gz'));
      await set({ 'radiomics-on': true, depth: 12, height: 10, width: 8, margin: 2, 'margin-unit': 'voxels' });
      await set({ zscore: 'mask', masked: true, layer: 'layer3' });
      const rows = (await extract('run')) as Row[];
      expect(rows).toHaveLength(2);
      expect(await extract('run')).toEqual(rows);
      expect(await readings(name)).toBe(1);

      await page.click('#save-csv');
      await vi.waitFor(() => expect(existsSync(file('voxomics.csv'))).toBe(true), { timeout: 10_000 });
      const deep = 'torchvision,size=12x10x8,margin=2voxels,zscore=mask,masked,layer=layer3';
      const args = ['--deep', deep, '--weights', path, '--label', 'all', '-o', 'rows.csv'];
      const { code, stderr } = await voxomics('extract', 'image.nii.gz', 'mask.nii.gz', ...args);
      expect(`${code} ${stderr}`).toMatch(/^0 /);
      const [saved, expected] = ['voxomics.csv', 'rows.csv'].map(
        (csv) => parse(readFileSync(file(csv)), { columns: true }) as Record<string, string>[],
      ) as [Record<string, string>[], Record<string, string>[]];
      expect(saved).toHaveLength(2);
      expect(Object.keys(saved[0]!)).toEqual(Object.keys(expected[0]!));
      expected.forEach((row, k) => {
        expectFeatures(featuresOf(saved[k]!, 'deep_torchvision_layer3_'), featuresOf(row, 'deep_torchvision_layer3_'));
        for (const column of Object.keys(row)) {
          if (column.startsWith('original_'))
            expectClose(Number(saved[k]![column]), Number(row[column]), { rel: LAST_BIT, what: column });
          // What computed it is another.
          else if (/^diagnostics_Deep_(?!Backend)/.test(column)) expect(saved[k]![column]).toBe(row[column]);
        }
      });

      await set({ layer: 'pool' });
      expect(featuresOf(((await extract('run')) as Row[])[0]!, 'deep_torchvision_')).toHaveLength(32);
      expect(await readings(name)).toBe(2);
    });

    it.each([
      ['bad/nan_weight.pth', /layer1\.0\.conv1\.weight has the value NaN.*take another/, null],
      ['bad/missing_keys.pth', /^Fits none/, /found missing: .*choose the architecture/],
      ['bad/pickle_global_print_zip.pth', /"builtins\.print".*save the weights alone/, null],
      ['bad/git_lfs_pointer.pth', /pointer of Git LFS.*fetch the file itself/, null],
    ])('refuses %s at once, and again when it is used', async (path, atOnce, later) => {
      expect(await chooseWeights(reference(path))).toMatch(atOnce);
      await set({ arch: 'medicalnet' });
      expect(await extract('example')).toMatch(later ?? atOnce);
    });

    it('refuses several files, and one that is gone', async () => {
      const [one, other] = ['gone.pth', 'other.pth'].map(file) as [string, string];
      for (const path of [one, other]) copyFileSync(reference('weights/medicalnet_w4_zip.pth'), path);
      await drop(one, other);
      await page.waitForFunction(() => /found 2; choose one/.test(document.body.innerText));
      expect(await extract('example')).toMatch(/^Choose a file of weights/);
      await chooseWeights(one);
      rmSync(one);
      expect(await extract('example')).toMatch(
        /^gone\.pth: expected a file that can be read, found NotFoundError .*choose it again/,
      );
    });

    it('refuses the weights of another network, and a stem that the graph does not have', async () => {
      await chooseWeights(reference('weights/medicalnet_w4.onnx'));
      await set({ 'stem-stride': 1 });
      expect(await extract('example')).toMatch(/a graph whose stem stride is 2, asked for 1; leave it out/);
      await set({ 'stem-stride': '' });
      await set({ arch: 'torchvision' });
      expect(await extract('example')).toMatch(
        /^medicalnet_w4\.onnx: expected .*\(torchvision\), found those of medicalnet/,
      );
    });
  });

  it('made-up weights are called so; cancelled, the page goes on', async () => {
    await set({ 'radiomics-on': false, arch: 'monai', depth: 8, height: 8, width: 8, zscore: 'crop', masked: false });
    await set({ 'weights-kind': 'hash', seed: 'page', layer: 'pool' });
    expect(await text('made-up')).toMatch(/mean nothing/);
    await page.click('#example');
    await page.click('#cancel');
    await page.waitForFunction(() => document.getElementById('status')?.textContent === 'Cancelled.');
    const rows = (await extract('example')) as Row[];
    expect(rows).toHaveLength(2);
    expect(rows[0]!['diagnostics_Deep_Weights']).toBe('hash:page');
    expect(featuresOf(rows[1]!, 'deep_monai_')).toHaveLength(512);
    expect(await shown('made-up-result')).toBe(true);
  });

  it.each([400, 1440])('no part is wider than a window of %i pixels', async (width) => {
    await page.setViewport({ width, height: 800 });
    await page.$$eval('details', (all) => {
      for (const details of all) details.open = true;
    });
    await set({ 'weights-kind': 'file' });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  });
});
