/** What execution needs of the engine. */
import type { Caps } from './caps.ts';
import type { PipelineCache } from './pipelines.ts';
import type { BufferPool } from './pool.ts';
import type { Profile } from './profile.ts';

export interface ExecutionContext {
  readonly device: GPUDevice;
  readonly caps: Caps;
  readonly pool: BufferPool;
  readonly pipelines: PipelineCache;
  /** Buffers kept by earlier recordings, by reference id. */
  readonly resident: Map<number, GPUBuffer>;
  /** Collects timestamps when set. */
  readonly profile: Profile | null;
  /** One submit and one error scope per dispatch. */
  readonly debug: boolean;
  readonly useSubgroups: boolean;
  /** Settles when the last recording has been submitted: the next one waits for it, however long its kernels compile. */
  turn: Promise<unknown>;
}
