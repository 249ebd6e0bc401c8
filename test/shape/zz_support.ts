import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect } from 'vitest';
export const sharedPath = (...p: string[]) => resolve('..', 'shared', ...p);
export const hasShared = () => existsSync(sharedPath());
export const describeShared = describe;
export const worst: Record<string, number> = {};
export function expectClose(
  a: number,
  e: number,
  { rel = 0, abs = 0, what = '' }: { rel?: number; abs?: number; what?: string },
) {
  const d = Math.abs(a - e);
  const r = d / Math.abs(e);
  const key = what.split(/[ _]/).at(-1)!;
  if (r > (worst[key] ?? 0)) worst[key] = r;
  if (!(d <= abs + rel * Math.abs(e))) expect.fail(`${what}: ${a} vs ${e} rel ${r}`);
}
