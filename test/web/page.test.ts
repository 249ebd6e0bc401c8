/** The page in headless Chromium: the same numbers as Node, and nothing leaves the machine. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extractFiles } from '../../src/host/node/extract-files.ts';
import { makePhantom } from '../../src/host/phantom.ts';
import type { Row } from '../../src/pipeline/row.ts';
import { expectClose } from '../support/close.ts';
import { useEngine } from '../support/engine.ts';
import { niftiGz } from '../support/files.ts';
import { hasShared, sharedPath } from '../support/shared.ts';

const chromium = process.env['VOXOMICS_CHROMIUM'] ?? '/usr/bin/chromium';
const site = resolve(import.meta.dirname, '../../dist/web');
const missing = !existsSync(chromium) ? 'no Chromium' : !existsSync(site) ? 'dist/web is not built' : null;
if (missing) console.log(`web page: skipped, ${missing}`);

const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const flags = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function serve(): Promise<Server> {
  const server = createServer((request, response) => {
    const path = join(site, new URL(request.url ?? '/', 'http://localhost').pathname.replace(/\/$/, '/index.html'));
    readFile(path).then(
      (body) => response.setHeader('Content-Type', types[extname(path)] ?? 'application/octet-stream').end(body),
      () => response.writeHead(404).end(),
    );
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

describe.skipIf(missing)('web page', () => {
  const engine = useEngine();
  let server: Server;
  let browser: Browser;
  let page: Page;
  let folder = '';
  const requests: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'voxomics-web-'));
    server = await serve();
    browser = await puppeteer.launch({ executablePath: chromium, args: flags, userDataDir: join(folder, 'profile') });
    page = await browser.newPage();
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function extractInPage(image: string, mask: string, labels: string): Promise<Row[]> {
    for (const [id, path] of [
      ['image', image],
      ['mask', mask],
    ] as const) {
      const input = (await page.$(`#${id}`)) as Awaited<ReturnType<Page['$']>> & {
        uploadFile(path: string): Promise<void>;
      };
      await input.uploadFile(path);
    }
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
    const input = (await page.$('#image')) as unknown as { uploadFile(path: string): Promise<void> };
    await input.uploadFile(bad);
    await page.click('#run');
    await page.waitForSelector('#error:not([hidden])', { timeout: 30_000 });
    expect(await page.$eval('#error', (e) => e.textContent)).toMatch(/bad\.nii\.gz: expected/);
  });

  it('asked nobody but its own server', () => {
    const own = `http://localhost:${(server.address() as AddressInfo).port}/`;
    expect(requests.filter((url) => !url.startsWith(own) && !/^(data|blob):/.test(url))).toEqual([]);
  });
});
