import { configDefaults, defineConfig } from 'vitest/config';

/** The slow second pass repeats only what runs kernels: not the host, the page, or code without an adapter. */
const secondPass = process.env['VOXOMICS_ADAPTER'] === 'swiftshader';
const withoutKernels = ['test/host/**', 'test/web/**', 'test/reference/**', 'test/scripts/**'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(secondPass ? withoutKernels : [])],
    // A process per file: a driver that crashes takes one file with it, and Dawn's instance dies with the process.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A worker whose driver does not come back from its clean-up is killed after this time.
    teardownTimeout: 10_000,
  },
});
