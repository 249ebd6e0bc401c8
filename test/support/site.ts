/** A built folder on a server of its own, and the browser that looks at it. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve } from 'node:path';
import puppeteer, { type Browser, type LaunchOptions } from 'puppeteer-core';

const chromium = process.env['VOXOMICS_CHROMIUM'] ?? '/usr/bin/chromium';

/** A folder of `dist`. */
export const builtFolder = (name: 'browser' | 'web'): string => resolve(import.meta.dirname, '../../dist', name);

/** Why a build cannot be looked at; null where it can. Says so. @param what is tested */
export function whyNot(what: string, name: 'browser' | 'web'): string | null {
  const reason = !existsSync(chromium)
    ? 'no Chromium'
    : !existsSync(builtFolder(name))
      ? `dist/${name} is not built`
      : null;
  if (reason) console.log(`${what}: skipped, ${reason}`);
  return reason;
}

/** Flags of Chromium's software adapter for WebGPU. */
const webgpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
const quiet = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts Chromium, headless, with WebGPU in software. */
export const launch = (options: LaunchOptions = {}): Promise<Browser> =>
  puppeteer.launch({ executablePath: chromium, args: [...quiet, ...webgpu], ...options });

const types: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** With these, pages may have threads in WebAssembly. */
const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

export interface SiteOptions {
  /** Which paths are isolated from other origins. Default none. */
  readonly isolated?: (path: string) => boolean;
  /** What stands in place of a file: other bytes, a page as text, or null for the status 404; undefined for the file. */
  readonly instead?: (path: string) => Promise<Uint8Array | string | null | undefined>;
}

/** Serves a folder at a port of its own. */
export function serve(folder: string, { isolated, instead }: SiteOptions = {}): Promise<Server> {
  const contentOf = async (path: string) => {
    const other = await instead?.(path);
    return other === undefined ? readFile(join(folder, path)) : other;
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = pathname.replace(/\/$/, '/index.html');
    const missing = () => void response.writeHead(404).end();
    contentOf(path).then((body) => {
      if (body === null) return missing();
      const type = typeof body === 'string' ? 'text/html' : (types[extname(path)] ?? 'application/octet-stream');
      response.writeHead(200, { 'Content-Type': type, ...(isolated?.(path) ? isolation : {}) }).end(body);
    }, missing);
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

/** Address of a server, with a slash at its end. */
export const addressOf = (server: Server): string => `http://localhost:${(server.address() as AddressInfo).port}/`;

/** A page that imports the library itself, as `library`: an import inside of `evaluate` would be rewritten by vitest. */
export const libraryPage = `<!doctype html><title>test</title>
<script type="module">globalThis.library = import('./voxomics.js');</script>`;
