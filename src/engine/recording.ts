/** Work for the GPU as data: no device, no await. `Engine.execute` is the only place that turns it into commands. */
import type { Access, Bindings, Flags, Kernel } from './kernel.ts';

/** A buffer that exists once a recording that names it has run. */
export interface BufferRef {
  readonly id: number;
  /** Path of the kernel or stage that owns it, a dot, and a noun: `texture/glcm.counts`. */
  readonly name: string;
  /** Size in bytes, a multiple of 4, at least 4. */
  readonly bytes: number;
}

/** Values of a kernel's `params` struct by field name; packed by reflection of the WGSL. */
export type Params = Readonly<Record<string, number | readonly number[] | ArrayLike<number>>>;

/** What a dispatch needs for each declared binding. */
export type Arguments<B extends Bindings> = { readonly [K in keyof B]: B[K] extends 'uniform' ? Params : BufferRef };

export interface DispatchCommand {
  readonly kernel: Kernel;
  readonly args: Readonly<Record<string, Params | BufferRef | null>>;
  /** Number of invocations; the engine rounds up to workgroups and folds more than 65535 of them into y. */
  readonly invocations: number;
  readonly flags: Flags;
}

export interface CopyCommand {
  readonly from: BufferRef;
  readonly to: BufferRef;
}

/** The claim check of a download; `Results` hands out the bytes. */
export interface Download {
  readonly ref: BufferRef;
  readonly index: number;
}

let nextId = 1;

const roundUp4 = (bytes: number) => Math.max(4, (bytes + 3) & ~3);

/** Commands in order. Buffers not kept are returned to the pool once the work is submitted. */
export class Recording {
  readonly uploads: { ref: BufferRef; data: ArrayBufferView }[] = [];
  readonly zeroed: BufferRef[] = [];
  readonly commands: (DispatchCommand | CopyCommand)[] = [];
  readonly downloads: Download[] = [];
  readonly kept = new Set<BufferRef>();

  /** @param name label of the submit, the encoder and the error messages */
  constructor(readonly name: string) {}

  /** A buffer with arbitrary content. */
  buffer(name: string, bytes: number): BufferRef {
    return { id: nextId++, name, bytes: roundUp4(bytes) };
  }

  /** A buffer that holds zeros when the first dispatch runs. */
  zeros(name: string, bytes: number): BufferRef {
    const ref = this.buffer(name, bytes);
    this.zeroed.push(ref);
    return ref;
  }

  /** A buffer that holds `data` when the first dispatch runs. */
  upload(name: string, data: ArrayBufferView): BufferRef {
    const ref = this.buffer(name, data.byteLength);
    this.uploads.push({ ref, data });
    return ref;
  }

  /** Runs a kernel over at least `invocations` invocations of a linear grid; nothing for 0. */
  dispatch<B extends Bindings>(kernel: Kernel<B>, args: Arguments<B>, invocations: number, flags: Flags = {}): void {
    if (invocations > 0) {
      this.commands.push({
        kernel: kernel as unknown as Kernel,
        args: args as Record<string, Params | BufferRef>,
        invocations,
        flags,
      });
    }
  }

  /**
   * Runs a kernel over nothing: all params zero, every buffer empty. Drivers that compile at first use do it here.
   * Kernels must not write anything then, which their length or size of zero ensures.
   */
  warm(kernel: Kernel): void {
    const args = Object.fromEntries(
      Object.entries(kernel.bindings).map(([name, access]) => [
        name,
        access === 'uniform' ? null : this.zeros('engine.warm', 256),
      ]),
    );
    this.commands.push({ kernel, args, invocations: 1, flags: {} });
  }

  /** Records the commands from number `first` on again, `times` times. Their params and bindings are prepared once. */
  repeat(first: number, times: number): void {
    const commands = this.commands.slice(first);
    for (let k = 0; k < times; k++) this.commands.push(...commands);
  }

  /** Copies the first `min(from.bytes, to.bytes)` bytes. */
  copy(from: BufferRef, to: BufferRef): void {
    this.commands.push({ from, to });
  }

  /** Asks for the content of a buffer after the last command. */
  download(ref: BufferRef): Download {
    const download = { ref, index: this.downloads.length };
    this.downloads.push(download);
    return download;
  }

  /** Keeps a buffer for later recordings; the caller gives it back with `Engine.release`. A recording that fails keeps nothing. */
  keep(ref: BufferRef): BufferRef {
    this.kept.add(ref);
    return ref;
  }
}

/** The downloaded bytes of one recording, on the host. */
export class Results {
  readonly #bytes: ArrayBuffer;
  readonly #offsets: readonly number[];

  constructor(bytes: ArrayBuffer, offsets: readonly number[]) {
    this.#bytes = bytes;
    this.#offsets = offsets;
  }

  /** A download as unsigned 32-bit integers. */
  u32(download: Download): Uint32Array {
    return new Uint32Array(this.#bytes, this.#offsets[download.index] as number, download.ref.bytes / 4);
  }
}

/** Whether an argument of a binding is a buffer. */
export function isBuffer(access: Access, _argument: Params | BufferRef | null | undefined): _argument is BufferRef {
  return access !== 'uniform';
}
