/** The GPU engine: device, kernels, recordings, execution, profiling, errors. */
export type { Caps, LimitName, MatrixShape } from './caps.ts';
export { Engine, type EngineOptions, type EngineState, type EngineStats } from './engine.ts';
export { DeviceLostError, EngineError, type EngineErrorCode } from './errors.ts';
export { foldGroups } from './encode.ts';
export { allKernels, type Bindings, defineKernel, type Flags, type Kernel, lacking } from './kernel.ts';
export { packStructs } from './pack.ts';
export type { PoolStats } from './pool.ts';
export { sizeClass } from './pool.ts';
export { Profile, type ProfileRow } from './profile.ts';
export { type BufferRef, type Download, Recording, Results } from './recording.ts';
export { preprocess } from './wgsl.ts';
