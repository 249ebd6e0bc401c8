/** The GPU buffers of one execution. */
import type { ExecutionContext } from './context.ts';
import type { BufferRef, Recording } from './recording.ts';

const storageUsage = () => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
const uniformUsage = () => GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;

/** The GPU buffers of one execution by reference id. */
export class BufferTable {
  readonly #context: ExecutionContext;
  readonly #own = new Map<number, GPUBuffer>();
  readonly #uniforms: GPUBuffer[] = [];

  constructor(context: ExecutionContext) {
    this.#context = context;
  }

  get(ref: BufferRef): GPUBuffer {
    const known = this.#own.get(ref.id) ?? this.#context.resident.get(ref.id);
    if (known) return known;
    const buffer = this.#context.pool.acquire(ref.name, ref.bytes, storageUsage());
    this.#own.set(ref.id, buffer);
    return buffer;
  }

  /** The buffers of this execution alone. */
  all(): GPUBuffer[] {
    return [...this.#own.values(), ...this.#uniforms];
  }

  uniform(bytes: number): GPUBuffer {
    const buffer = this.#context.pool.acquire('engine.params', bytes, uniformUsage());
    this.#uniforms.push(buffer);
    return buffer;
  }

  /** Hands kept buffers to the engine and all others back to the pool: the submit has ordered later use behind this one. */
  releaseAfterSubmit(recording: Recording): void {
    const kept = new Set([...recording.kept].map((ref) => ref.id));
    for (const [id, buffer] of this.#own) {
      if (kept.has(id)) this.#context.resident.set(id, buffer);
      else this.#context.pool.release(buffer);
    }
    for (const buffer of this.#uniforms) this.#context.pool.release(buffer);
  }

  /** Takes the kept buffers of a recording that failed back from the engine: who made it has no use for them. */
  dropKept(): void {
    for (const [id, buffer] of this.#own) {
      if (this.#context.resident.get(id) !== buffer) continue;
      this.#context.resident.delete(id);
      this.#context.pool.release(buffer);
    }
  }
}
