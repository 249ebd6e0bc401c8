/** What the adapter can do at best: bytes copied and read, integer and float operations per second, measured. */
import { defineKernel, type Engine, Recording } from '../src/engine/index.ts';
import arithmeticSource from './shaders/arithmetic.wgsl?raw';
import floatSource from './shaders/float.wgsl?raw';
import copySource from './shaders/copy.wgsl?raw';
import readSource from './shaders/read.wgsl?raw';

const copy = defineKernel({
  name: 'bench/copy',
  source: copySource,
  bindings: { params: 'uniform', source: 'read', copied: 'read_write' },
  workgroup: 64,
});
const read = defineKernel({
  name: 'bench/read',
  source: readSource,
  bindings: { params: 'uniform', source: 'read', sums: 'read_write' },
  workgroup: 64,
});
const arithmetic = defineKernel({
  name: 'bench/arithmetic',
  source: arithmeticSource,
  bindings: { params: 'uniform', results: 'read_write' },
  workgroup: 64,
});
const float = defineKernel({
  name: 'bench/float',
  source: floatSource,
  bindings: { params: 'uniform', results: 'read_write' },
  workgroup: 64,
  flags: ['F16'],
});

export interface Peaks {
  /** Bytes read plus bytes written per second, 1e9. */
  readonly gigabytesPerSecond: number;
  /** Bytes per second where they are read alone, 1e9. */
  readonly readGigabytesPerSecond: number;
  /** 32-bit integer multiplications and additions per second, 1e9. */
  readonly gigaopsPerSecond: number;
  /** float32 multiplications and additions per second, 1e9. */
  readonly gigaflopsPerSecond: number;
  /** The same of float16 in vectors, not by subgroup matrices; NaN where the adapter has none. */
  readonly gigaflops16PerSecond: number;
}

/** Enough for a quiet moment on a busy machine. */
const REPEATS = 20;

/** Shortest time of a recording of one kernel in milliseconds. */
async function shortest(engine: Engine, name: string, record: (rec: Recording) => void): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let k = 0; k <= REPEATS; k++) {
    const rec = new Recording(name);
    record(rec);
    const timed = await engine.measure(rec);
    // The first run compiles.
    if (k > 0) best = Math.min(best, timed);
  }
  return best;
}

/** Measures the peaks. */
export async function measurePeaks(engine: Engine): Promise<Peaks> {
  const bytes = Math.min(64 * 2 ** 20, engine.caps.limits.maxStorageBufferBindingSize);
  const copyMs = await shortest(engine, copy.name, (rec) => {
    const [source, copied] = [rec.buffer('bench/copy.source', bytes), rec.buffer('bench/copy.copied', bytes)];
    rec.dispatch(copy, { params: { length: bytes / 16 }, source, copied }, bytes / 16);
  });
  const readRounds = 64;
  const readMs = await shortest(engine, read.name, (rec) => {
    const invocations = bytes / 16 / readRounds;
    const source = rec.zeros('bench/read.source', bytes);
    const sums = rec.buffer('bench/read.sums', 16 * invocations);
    rec.dispatch(read, { params: { length: bytes / 16, rounds: readRounds }, source, sums }, invocations);
  });
  const [length, rounds] = [2 ** 17, 64];
  const opsMs = await shortest(engine, arithmetic.name, (rec) => {
    const results = rec.buffer('bench/arithmetic.results', length * 4);
    rec.dispatch(arithmetic, { params: { length, rounds }, results }, length);
  });
  const floatRounds = 128;
  const gigaflops = async (F16: boolean) => {
    const ms = await shortest(engine, float.name, (rec) => {
      const results = rec.buffer('bench/float.results', length * 4);
      rec.dispatch(float, { params: { length, rounds: floatRounds }, results }, length, { F16 });
    });
    return (length * floatRounds * 8 * 12 * 2) / ms / 1e6;
  };
  return {
    gigabytesPerSecond: (2 * bytes) / copyMs / 1e6,
    readGigabytesPerSecond: bytes / readMs / 1e6,
    gigaopsPerSecond: (length * rounds * 16 * 2) / opsMs / 1e6,
    gigaflopsPerSecond: await gigaflops(false),
    gigaflops16PerSecond: engine.caps.f16 ? await gigaflops(true) : Number.NaN,
  };
}
