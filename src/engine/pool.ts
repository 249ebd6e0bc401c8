/** Buffers for reuse: by usage and size class, capped by bytes, with counters. */

export interface PoolStats {
  /** Bytes of buffers in use. */
  readonly used: number;
  /** Bytes of buffers waiting for reuse. */
  readonly idle: number;
  /** Highest `used + idle` so far. */
  readonly peak: number;
  readonly created: number;
  readonly reused: number;
}

/** Rounds up to 1, 1.25, 1.5 or 1.75 times a power of two (at least 256), so that near sizes share buffers. */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** (Math.ceil(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}

export class BufferPool {
  readonly #device: GPUDevice;
  readonly #cap: number;
  readonly #idle = new Map<string, GPUBuffer[]>();
  #used = 0;
  #idleBytes = 0;
  #peak = 0;
  #created = 0;
  #reused = 0;

  /** @param cap bytes of idle buffers beyond which released buffers are destroyed */
  constructor(device: GPUDevice, cap: number) {
    this.#device = device;
    this.#cap = cap;
  }

  /** A buffer of at least `bytes`; its content is arbitrary. */
  acquire(label: string, bytes: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const size = Math.min(sizeClass(bytes), Math.max(bytes, this.#device.limits.maxBufferSize));
    this.#used += size;
    const reused = this.#idle.get(`${usage}:${size}`)?.pop();
    if (reused) {
      this.#idleBytes -= size;
      this.#reused++;
      return reused;
    }
    this.#created++;
    this.#peak = Math.max(this.#peak, this.#used + this.#idleBytes);
    return this.#device.createBuffer({ label, size, usage });
  }

  /** Takes a buffer back. Only call this once the work that uses it has been submitted. */
  release(buffer: GPUBuffer): void {
    this.#used -= buffer.size;
    if (this.#idleBytes + buffer.size > this.#cap) {
      buffer.destroy();
      return;
    }
    const key = `${buffer.usage}:${buffer.size}`;
    const list = this.#idle.get(key);
    if (list) list.push(buffer);
    else this.#idle.set(key, [buffer]);
    this.#idleBytes += buffer.size;
  }

  /** Destroys all idle buffers. */
  trim(): void {
    for (const list of this.#idle.values()) for (const buffer of list) buffer.destroy();
    this.#idle.clear();
    this.#idleBytes = 0;
  }

  stats(): PoolStats {
    return { used: this.#used, idle: this.#idleBytes, peak: this.#peak, created: this.#created, reused: this.#reused };
  }
}
