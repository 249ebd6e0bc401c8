/** Reading results back: staging buffers belong to the promise of their results. */
import type { ExecutionContext } from './context.ts';
import type { BufferPool } from './pool.ts';
import { Results } from './recording.ts';

export const stagingUsage = () => GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
/** Staging buffers that belong to the promise of their results. */
export class Readback {
  constructor(
    readonly staging: GPUBuffer | null,
    readonly bytes: number,
    readonly offsets: readonly number[],
    readonly timestamps: { staging: GPUBuffer; rows: { kernel: string; boundBytes: number }[] } | null,
    readonly steps: readonly Promise<void>[] = [],
  ) {}

  async finish({ pool, profile, device }: ExecutionContext): Promise<Results> {
    await Promise.all(this.steps);
    const data = this.staging ? await readStaging(this.staging, this.bytes, pool) : await idle(device);
    if (this.timestamps) {
      const { staging, rows } = this.timestamps;
      profile?.add(rows, new BigUint64Array(await readStaging(staging, rows.length * 16, pool)));
    }
    return new Results(data, this.offsets);
  }

  /** The staging buffers. */
  buffers(): GPUBuffer[] {
    return [this.staging, this.timestamps?.staging].filter((buffer) => !!buffer);
  }

  async discard(pool: BufferPool): Promise<void> {
    await Promise.allSettled(this.steps);
    for (const buffer of this.buffers()) pool.release(buffer);
  }
}

async function idle(device: GPUDevice): Promise<ArrayBuffer> {
  await device.queue.onSubmittedWorkDone();
  return new ArrayBuffer(0);
}

async function readStaging(staging: GPUBuffer, bytes: number, pool: BufferPool): Promise<ArrayBuffer> {
  await staging.mapAsync(GPUMapMode.READ, 0, bytes);
  const copy = staging.getMappedRange(0, bytes).slice(0);
  staging.unmap();
  pool.release(staging);
  return copy;
}
