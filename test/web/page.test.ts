/** The page in headless Chromium: the same numbers as Node, and nothing leaves the machine. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { extractFiles } from '../../src/host/node/extract-files.ts';
import { makePhantom } from '../../src/host/phantom.ts';
import type { Row } from '../../src/pipeline/row.ts';
import { expectClose } from '../support/close.ts';
import { structureFile } from '../support/dicom-masks.ts';
import { identifying, imageFile, type Item, patient } from '../support/dicom-writer.ts';
import { useEngine } from '../support/engine.ts';
import { niftiGz } from '../support/files.ts';
import { random } from '../support/random.ts';
import { volumeOf } from '../support/region.ts';
import { hasShared, sharedPath } from '../support/shared.ts';
import { addressOf, builtFolder, launch, serve, whyNot } from '../support/site.ts';

const missing = whyNot('web page', 'web');

describe.skipIf(missing)('web page', () => {
  const engine = useEngine();
  let server: Server;
  let browser: Browser;
  let page: Page;
  let folder = '';
  const requests: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'voxomics-web-'));
    server = await serve(builtFolder('web'));
    browser = await launch({ userDataDir: join(folder, 'profile') });
    page = await browser.newPage();
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(addressOf(server));
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function choose(id: string, ...paths: string[]): Promise<void> {
    const input = (await page.$(`#${id}`)) as unknown as { uploadFile(...paths: string[]): Promise<void> };
    await input.uploadFile(...paths);
  }

  async function extractInPage(image: string, mask: string, labels: string): Promise<Row[]> {
    await choose('image', image);
    await choose('mask', mask);
    return extractChosen(labels);
  }

  async function extractChosen(labels: string): Promise<Row[]> {
    await page.$eval(
      '#labels',
      (input, value) => {
        (input as HTMLInputElement).value = value;
      },
      labels,
    );
    await page.evaluate(() => {
      delete (window as { voxomicsRows?: unknown }).voxomicsRows;
    });
    await page.click('#run');
    await page.waitForFunction(
      () => 'voxomicsRows' in window || !(document.getElementById('error') as HTMLElement).hidden,
      { timeout: 120_000 },
    );
    expect(await page.$eval('#error', (e) => e.textContent)).toBe('');
    return page.evaluate(() => (window as unknown as { voxomicsRows: Row[] }).voxomicsRows);
  }

  function expectSame(found: readonly Row[], expected: readonly Row[]): void {
    expect(found).toHaveLength(expected.length);
    expected.forEach((row, r) => {
      const columns = Object.keys(row).filter((c) => c.startsWith('original_'));
      expect(Object.keys(found[r]!).filter((c) => c.startsWith('original_'))).toEqual(columns);
      for (const column of columns) {
        // Counts are the same integers; Math functions of the two engines may differ in the last bit.
        expectClose(found[r]![column] as number, row[column] as number, { rel: 1e-12, what: column });
      }
    });
  }

  it('computes the features of a generated case as Node does', async () => {
    const { image, mask } = makePhantom();
    const [imageFile, maskFile] = [join(folder, 'image.nii.gz'), join(folder, 'mask.nii.gz')];
    writeFileSync(imageFile, niftiGz(image));
    writeFileSync(maskFile, niftiGz(mask as typeof image));
    expectSame(
      await extractInPage(imageFile, maskFile, 'all'),
      await extractFiles(engine(), imageFile, maskFile, { labels: 'all' }),
    );
    expect(await page.$eval('#table', (t) => (t as HTMLTableElement).rows.length)).toBe(1 + 7 + 107);
  });

  it.skipIf(!hasShared)('computes the features of PyRadiomics’ brain1 as Node does', async () => {
    const files = ['image', 'label'].map((name) => sharedPath(`data/pyradiomics/data/brain1_${name}.nrrd`)) as [
      string,
      string,
    ];
    expectSame(await extractInPage(...files, '1'), await extractFiles(engine(), ...files));
  });

  it('shows what is wrong in words', async () => {
    const bad = join(folder, 'bad.nii.gz');
    writeFileSync(bad, 'not an image');
    await choose('image', bad);
    await page.click('#run');
    await page.waitForSelector('#error:not([hidden])', { timeout: 30_000 });
    expect(await page.$eval('#error', (e) => e.textContent)).toMatch(/bad\.nii\.gz: expected/);
  });

  describe('DICOM', () => {
    const [nx, ny, nz] = [16, 14, 6];
    const next = random(4);
    const pixels = Array.from({ length: 2 * nz }, () =>
      Array.from({ length: nx * ny }, () => Math.floor(next() * 500)),
    );
    const slice = (n: number, change: Item = []) =>
      imageFile({ columns: nx, rows: ny, instance: n + 1, position: [0, 0, 2 * (n % nz)], pixels: pixels[n], change });
    const contours = (from: number, to: number) =>
      [1, 2, 3, 4].map((n) => {
        const corners = [from, 1, to, 1, to, 6, from, 6];
        return ['CLOSED_PLANAR', [0, 2, 4, 6].flatMap((i) => [corners[i]!, corners[i + 1]!, 2 * n])] as const;
      });
    const scan = () => join(folder, 'scan of Jane Doe');
    const files = () => Array.from({ length: nz }, (_, n) => join(scan(), `Jane ${n}.dcm`));
    const structures = () => join(folder, 'rs of Jane.dcm');
    const archive = () => join(folder, 'times.zip');
    const wait = (id: string) => page.waitForSelector(`#${id}:not([hidden])`, { timeout: 30_000 });

    beforeAll(() => {
      mkdirSync(scan());
      for (const [n, path] of files().entries()) writeFileSync(path, slice(n));
      const own = [contours(1, 5), contours(3, 10)].map((c, i) => ({
        number: i + 1,
        name: `GTV ${i} of Jane`,
        contours: c,
      }));
      writeFileSync(structures(), structureFile(own, patient));
      const times = pixels.map((_, n) => [`${n}.dcm`, slice(n, [['00200100', 'IS', n < nz ? '1' : '2']])] as const);
      writeFileSync(archive(), zipSync({ ...Object.fromEntries(times), '__MACOSX/._0.dcm': Uint8Array.of(0, 5) }));
    });
    afterEach(async () => {
      expect(await page.$eval('body', (body) => (body as HTMLElement).innerText)).not.toMatch(identifying);
      await page.reload();
    });

    it('files and one of two structures, which overlap', async () => {
      await choose('image', ...files());
      await choose('mask', structures());
      await wait('region-choice');
      expect(await page.$$eval('#region option', (all) => all.map((o) => o.textContent))).toEqual([
        '1 GTV 0 of ***',
        '2 GTV 1 of ***',
      ]);
      await page.select('#region', '2');
      const rows = await extractChosen('all');
      expect(rows.map((row) => row['voxomics_region'])).toEqual(['GTV 1 of ***']);
      expectSame(rows, await extractFiles(engine(), scan(), structures(), { mask: { regions: [2] } }));
    });

    it('a folder', async () => {
      await choose('image-folder', scan());
      await choose('mask', structures());
      await wait('region-choice');
      expect(await page.$eval('#image-chosen', (e) => e.textContent)).toMatch(/6 files, 1 series/);
      await page.select('#region', '1');
      expectSame(
        await extractChosen('all'),
        await extractFiles(engine(), scan(), structures(), { mask: { regions: [1] } }),
      );
    });

    it('files that are dropped', async () => {
      const contents = files().map((path) => readFileSync(path).toString('base64'));
      await page.evaluate((all) => {
        const transfer = new DataTransfer();
        for (const [n, base64] of all.entries()) {
          const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
          transfer.items.add(new File([bytes], `${n}.dcm`));
        }
        const drop = document.getElementById('image-drop') as HTMLElement;
        drop.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
      }, contents);
      await choose('mask', structures());
      await wait('region-choice');
      await page.waitForFunction(() => document.getElementById('image-chosen')?.textContent?.startsWith('6 files'));
      await page.select('#region', '2');
      expectSame(
        await extractChosen('all'),
        await extractFiles(engine(), scan(), structures(), { mask: { regions: [2] } }),
      );
    });

    it('a time point of a zip archive', async () => {
      await choose('image', archive());
      await choose('mask', structures());
      await wait('series-choice');
      await wait('region-choice');
      const options = await page.$$eval('#series option', (all) => all.map((o) => [o.value, o.textContent]));
      expect(options.map(([, text]) => text)).toEqual([
        '3 MR T1 axial TemporalPosition 1',
        '3 MR T1 axial TemporalPosition 2',
      ]);
      await page.select('#series', options[1]![0]!);
      await page.select('#region', '1');
      const expected = { image: { phase: 2 }, mask: { regions: [1] } };
      expectSame(await extractChosen('all'), await extractFiles(engine(), archive(), structures(), expected));
    });

    it('what is wrong with a series is said at once, and again when it is read', async () => {
      await choose('image', ...files().filter((_, n) => n !== 2));
      await choose('mask', structures());
      await page.waitForFunction(() =>
        /missing slices/.test(document.getElementById('image-chosen')?.textContent ?? ''),
      );
      await page.click('#run');
      await page.waitForSelector('#error:not([hidden])', { timeout: 30_000 });
      expect(await page.$eval('#error', (e) => e.textContent)).toMatch(
        /missing slices: 1 between \*\*\* 1\.dcm at 2 mm/,
      );
    });

    it.skipIf(!hasShared)('JPEG 2000, without a spacing of its own', async () => {
      const compressed = sharedPath('data/dicom_geometry/transfer_syntax/emri_small_jpeg_2k_lossless.dcm');
      const mask = join(folder, 'emri.nii.gz');
      const labels = Uint8Array.from({ length: 64 * 64 * 10 }, (_, i) => Number(i % 64 > 20));
      writeFileSync(mask, niftiGz({ ...volumeOf(labels, [64, 64, 10]), spacing: [0.75, 0.5, 1.2] }));
      await choose('image', compressed);
      await choose('mask', mask);
      await wait('spacing-choice');
      await page.type('#pixel-spacing', '0.5,0.75');
      await page.select('#geometry', 'ignore-tiny');
      const options = { image: { pixelSpacing: [0.5, 0.75] }, geometry: 'ignore-tiny' } as const;
      expectSame(await extractChosen('1'), await extractFiles(engine(), compressed, mask, options));
    });
  });

  it('asked nobody but its own server', () => {
    const own = addressOf(server);
    expect(requests.filter((url) => !url.startsWith(own) && !/^(data|blob):/.test(url))).toEqual([]);
  });
});
