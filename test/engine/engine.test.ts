import { describe, expect, it } from 'vitest';
import {
  allKernels,
  DeviceLostError,
  defineKernel,
  Engine,
  EngineError,
  foldGroups,
  preprocess,
  Recording,
  sizeClass,
} from '../../src/engine/index.ts';
import { withoutMatrices } from '../../src/engine/wgsl.ts';
import { createEngine } from '../../src/host/node/adapters.ts';
import { useEngine } from '../support/engine.ts';
import source from './double.wgsl?raw';

const bindings = { params: 'uniform', source: 'read', target_values: 'read_write' } as const;
const double = defineKernel({ name: 'test/double', source, bindings, workgroup: 64 });
const small = defineKernel({ name: 'test/double-small', source, bindings, workgroup: 1 });

function recordDouble(values: Uint32Array, kernel = double, factor = 2) {
  const rec = new Recording('test');
  const target = rec.buffer('test/double.target', values.byteLength);
  rec.dispatch(
    kernel,
    {
      params: { length: values.length, factor },
      source: rec.upload('test/double.source', values),
      target_values: target,
    },
    values.length,
  );
  return { rec, download: rec.download(target) };
}

const ramp = (n: number) => Uint32Array.from({ length: n }, (_, i) => i);

describe('engine/execute', () => {
  const engine = useEngine();

  it.each([1, 63, 64, 65, 1000])('runs a kernel over %i invocations', async (n) => {
    const { rec, download } = recordDouble(ramp(n));
    expect((await engine().execute(rec)).u32(download)).toEqual(ramp(n).map((x) => 2 * x));
  });

  it('folds more than 65535 workgroups into y', async () => {
    const n = 65535 + 100;
    const { rec, download } = recordDouble(ramp(n), small);
    expect((await engine().execute(rec)).u32(download)[n - 1]).toBe(2 * (n - 1));
  });

  it('keeps several recordings in flight apart', async () => {
    const jobs = Array.from({ length: 8 }, (_, k) => recordDouble(ramp(100 + k), double, k));
    const results = await Promise.all(jobs.map(({ rec }) => engine().execute(rec)));
    results.forEach((r, k) => {
      expect(r.u32(jobs[k]!.download)).toEqual(ramp(100 + k).map((x) => k * x));
    });
  });

  it('clears zeroed buffers although the pool hands out used ones', async () => {
    for (let k = 0; k < 3; k++) {
      const { rec } = recordDouble(ramp(512), double, 7);
      const zeros = rec.zeros('test.zeros', 2048);
      const download = rec.download(zeros);
      expect((await engine().execute(rec)).u32(download).every((x) => x === 0)).toBe(true);
    }
    expect(engine().stats().pool.reused).toBeGreaterThan(0);
  });

  it('counts the bytes of uploads, once per execution', async () => {
    const rec = new Recording('uploads');
    rec.upload('test.words', ramp(16));
    rec.upload('test.bytes', Uint8Array.of(1, 2, 3));
    const before = engine().stats().uploaded;
    await engine().execute(rec);
    await engine().execute(rec);
    expect(engine().stats().uploaded - before).toBe(2 * (64 + 3));
  });

  it('keeps buffers for later recordings until they are released', async () => {
    const first = new Recording('first');
    const kept = first.keep(first.upload('test.kept', ramp(16)));
    await engine().execute(first);
    expect(engine().stats().resident).toMatchObject({ buffers: 1 });
    const second = new Recording('second');
    const download = second.download(kept);
    expect((await engine().execute(second)).u32(download)).toEqual(ramp(16));
    engine().release(kept);
    engine().release(kept);
    expect(engine().stats().resident).toEqual({ buffers: 0, bytes: 0 });
  });

  it('refuses a binding above the limit with the numbers', async () => {
    const limit = engine().caps.limits.maxStorageBufferBindingSize;
    const rec = new Recording('too large');
    const target = rec.buffer('test.huge', limit + 4);
    rec.dispatch(
      double,
      { params: { length: 1, factor: 1 }, source: rec.upload('s', ramp(1)), target_values: target },
      1,
    );
    await expect(engine().execute(rec)).rejects.toThrow(new RegExp(`test.huge needs ${limit + 4} bytes.*${limit}`));
  });

  it('compiles a pipeline once', async () => {
    const before = engine().stats().pipelines;
    await Promise.all([1, 2, 3].map((f) => engine().execute(recordDouble(ramp(4), double, f).rec)));
    expect(engine().stats().pipelines).toBe(before);
  });
});

describe('engine/errors', () => {
  const engine = useEngine();
  it('shows the line of a WGSL error', async () => {
    const broken = defineKernel({
      name: 'test/broken',
      source: source.replace('source[i] *', 'sauce[i] *'),
      bindings: { params: 'uniform', target_values: 'read_write' },
      workgroup: 64,
    });
    await expect(engine().prepare([broken])).rejects.toThrow(/test\/broken does not compile[\s\S]*sauce\[i\]/);
  });
  it('refuses bindings that are not those of the WGSL', () => {
    const wrong = defineKernel({
      name: 'test/wrong',
      source,
      bindings: { params: 'uniform', source: 'read_write', target_values: 'read_write' },
      workgroup: 64,
    });
    expect(() => wrong.variant({})).toThrow(/declared bindings/);
  });
  it('refuses missing and unknown params', async () => {
    const rec = new Recording('params');
    const args = { params: { length: 1 }, source: rec.upload('s', ramp(1)), target_values: rec.buffer('t', 4) };
    rec.dispatch(double, args, 1);
    rec.keep(args.source);
    const { resident } = engine().stats();
    await expect(engine().execute(rec)).rejects.toThrow(/params need/);
    expect(engine().stats().resident).toEqual(resident);
  });
  it('reports a validation error as such and goes on', async () => {
    const rec = new Recording('aliased');
    const both = rec.upload('both', ramp(4));
    rec.dispatch(double, { params: { length: 4, factor: 1 }, source: both, target_values: both }, 4);
    const { resident } = engine().stats();
    rec.keep(both);
    await expect(engine().execute(rec)).rejects.toMatchObject({ code: 'Validation' });
    // What a failed recording would have kept is not lost to the pool.
    expect(engine().stats().resident).toEqual(resident);
    const next = recordDouble(ramp(4));
    expect((await engine().execute(next.rec)).u32(next.download)).toEqual(Uint32Array.of(0, 2, 4, 6));
  });
});

describe('engine/memory', () => {
  const engine = useEngine({ poolBytes: 2 ** 34 });
  it('reports a buffer that gets no memory, and does not hand it out again', async ({ skip }) => {
    const huge = () => {
      const rec = new Recording('test/huge');
      return { rec, kept: rec.keep(rec.zeros('test/huge.values', engine().caps.limits.maxBufferSize)) };
    };
    const { used } = engine().stats().pool;
    for (let k = 0; k < 2; k++) {
      const { rec, kept } = huge();
      const error = await engine()
        .execute(rec)
        .catch((cause: unknown) => cause);
      if (!(error instanceof EngineError)) {
        engine().release(kept);
        engine().trim();
        skip(`this adapter has memory for its largest buffer, ${kept.bytes} bytes`);
      }
      expect(error).toMatchObject({ code: 'OutOfMemory' });
      expect(engine().stats().pool).toMatchObject({ used, idle: 0 });
    }
    const { rec, download } = recordDouble(ramp(8));
    expect((await engine().execute(rec)).u32(download)[7]).toBe(14);
  });
});

describe('engine/debug', () => {
  const engine = useEngine({ debug: true });
  it('gives the same results and names the kernel of a validation error', async () => {
    const good = recordDouble(ramp(70));
    const a = good.download.ref;
    const second = good.rec.buffer('test.second', a.bytes);
    good.rec.dispatch(double, { params: { length: 70, factor: 3 }, source: a, target_values: second }, 70);
    const out = good.rec.download(second);
    expect((await engine().execute(good.rec)).u32(out)).toEqual(ramp(70).map((x) => 6 * x));

    const bad = recordDouble(ramp(4));
    const both = bad.rec.upload('both', ramp(4));
    bad.rec.dispatch(double, { params: { length: 4, factor: 1 }, source: both, target_values: both }, 4);
    await expect(engine().execute(bad.rec)).rejects.toThrow(/test\/double/);
  });
});

describe('engine/measure', () => {
  const engine = useEngine();

  it('times a recording and leaves the profile alone', async () => {
    const { rec } = recordDouble(ramp(100000));
    const milliseconds = await engine().measure(rec);
    expect(milliseconds).toBeGreaterThan(0);
    expect(engine().profile.rows()).toEqual([]);
  });
});

describe('engine/profile', () => {
  const engine = useEngine({ profile: true });
  it('has a row per kernel', async ({ skip }) => {
    if (!engine().caps.timestamps) skip('the adapter has no timestamp queries');
    const { rec } = recordDouble(ramp(100000));
    await engine().execute(rec);
    await engine().execute(recordDouble(ramp(10)).rec);
    const rows = engine().profile.rows();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ kernel: 'test/double', dispatches: 2, boundBytes: 2 * 4 * 100010 });
    expect(rows[0]!.milliseconds).toBeGreaterThan(0);
  });
});

describe('engine/loss', () => {
  it('rejects work in flight and later work when the device is destroyed', async () => {
    const engine = await createEngine();
    const jobs = Array.from({ length: 4 }, () => engine.execute(recordDouble(ramp(200000)).rec));
    const outcomes = Promise.allSettled(jobs);
    engine.destroy();
    for (const outcome of await outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(DeviceLostError);
    }
    expect(engine.state).toBe('destroyed');
    await expect(engine.execute(recordDouble(ramp(4)).rec)).rejects.toBeInstanceOf(DeviceLostError);
  });

  it('stays failed after a loss, and a new engine works', async () => {
    const engine = await createEngine();
    engine.destroy();
    await expect(engine.execute(recordDouble(ramp(4)).rec)).rejects.toMatchObject({ code: 'DeviceLost' });
    const next = await createEngine();
    const { rec, download } = recordDouble(ramp(4));
    expect((await next.execute(rec)).u32(download)).toEqual(Uint32Array.of(0, 2, 4, 6));
    next.destroy();
  });

  it('names what was tried when there is no adapter', async () => {
    await expect(createEngine({ adapter: 'no such adapter' })).rejects.toThrow(/no adapter for "no such adapter"/);
  });
});

describe('engine/wgsl', () => {
  it('pastes an import once and selects by flag', () => {
    const text = preprocess('#import common/grid\n#import common/grid\n#if SUBGROUPS\nA\n#else\nB\n#endif\n', {
      SUBGROUPS: true,
    });
    expect(text.match(/fn linear_invocation/g)).toHaveLength(1);
    expect(text).toContain('A');
    expect(text).not.toContain('B');
  });
  it('declares constants with the values of the kernel', () => {
    const text = preprocess(
      '#constant SIZE\n#if F16\n#constant OTHER\n#endif\n',
      { F16: false },
      { SIZE: 3, OTHER: 4 },
    );
    expect(text).toContain('const SIZE = 3u;');
    expect(text).not.toContain('OTHER');
  });
  it('refuses unknown imports, flags and constants', () => {
    expect(() => preprocess('#constant NOTHING', {}, { SIZE: 3 })).toThrow(/NOTHING.*SIZE/);
    expect(() => preprocess('#import common/nothing', {})).toThrow(/common\/nothing/);
    expect(() => preprocess('#if NOTHING\n#endif', {})).toThrow(/NOTHING/);
  });
  it('declares constants with the values that it is given', () => {
    expect(preprocess('#constant SIZE\n', {}, { SIZE: 16 })).toBe('const SIZE = 16u;\n');
    expect(() => preprocess('#constant SIZE\n', {}, { OTHER: 1 })).toThrow(/SIZE.*OTHER/);
  });
  it('hides matrices from the reflection', () => {
    const text =
      'alias Left = subgroup_matrix_left<f16, K, M>;\nlet a = subgroupMatrixLoad<Left, row_major>(&p, 0u, 8u);\n';
    expect(withoutMatrices(text)).toBe('alias Left = f32;\nlet a = subgroupMatrixLoad(&p, 0u, 8u);\n');
  });
});

describe('engine/sizes', () => {
  it.each([
    [1, 256],
    [257, 320],
    [1024, 1024],
    [1025, 1280],
  ])('size class of %i is %i', (bytes, expected) => {
    expect(sizeClass(bytes)).toBe(expected);
  });
  it('folds workgroups', () => {
    expect(foldGroups(10, 65535)).toEqual([10, 1]);
    expect(foldGroups(65536, 65535)).toEqual([32768, 2]);
    expect(() => foldGroups(65535 ** 2 + 1, 65535)).toThrow(EngineError);
  });
  it('knows all kernels by name', () => {
    expect(allKernels().map((k) => k.name)).toContain('test/double');
    expect(Engine).toBeDefined();
  });
});
