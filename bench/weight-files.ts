/** Files of weights as PyTorch, safetensors and ONNX exporters write them, made of weights in memory. */
import { zipSync } from 'fflate';
import { encodeOnnx } from '../src/host/format/weights/onnx-write.ts';
import type { Architecture } from '../src/pipeline/nn/manifest.ts';
import type { Weights } from '../src/pipeline/nn/weights.ts';

const bytesOf = (data: Float32Array): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function joined(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const int32 = (value: number): number[] => [...new Uint8Array(Int32Array.of(value).buffer)];

/** What pickles are made of (pickletools.py, protocol 2). */
const op = {
  start: [0x80, 2],
  end: text('.'),
  mark: text('('),
  tuple: text('t'),
  call: text('R'),
  no: [0x89],
  yes: [0x88],
  persistent: text('Q'),
  global: (module: string, name: string) => text(`c${module}\n${name}\n`),
  integer: (value: number) => [0x4a, ...int32(value)],
  string: (value: string) => joined([text('X'), int32(text(value).length), text(value)]),
};
const tuple = (...items: readonly (Uint8Array | readonly number[])[]) => joined([op.mark, ...items, op.tuple]);
const dictionary = (...items: readonly Uint8Array[]) =>
  joined([op.global('collections', 'OrderedDict'), text(')'), op.call, op.mark, ...items, text('u')]);

/** A state dict as torch.save pickles it; storages are numbered in the order of the weights. */
function stateDict(weights: Weights): Uint8Array {
  const entries = Array.from(weights, ([key, { shape, data }], k) => {
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
    const storage = joined([
      tuple(
        op.string('storage'),
        op.global('torch', 'FloatStorage'),
        op.string(String(k)),
        op.string('cpu'),
        op.integer(data.length),
      ),
      op.persistent,
    ]);
    const view = [tuple(...shape.map(op.integer)), tuple(...strides.map(op.integer))];
    const tensor = tuple(storage, op.integer(0), ...view, op.no, dictionary());
    return joined([op.string(key), op.global('torch._utils', '_rebuild_tensor_v2'), tensor, op.call]);
  });
  return dictionary(...entries);
}

const pickle = (...content: readonly (Uint8Array | readonly number[])[]) => joined([op.start, ...content, op.end]);

/** PyTorch's zip container: entries as they are, their content at multiples of 64 bytes. */
function writeZip(weights: Weights): Uint8Array {
  const contents: (readonly [string, Uint8Array])[] = [
    ['data.pkl', pickle(stateDict(weights))],
    ...Array.from(weights.values(), ({ data }, k) => [`data/${k}`, bytesOf(data)] as const),
    ['version', text('3\n')],
  ];
  let at = 0;
  const entries = contents.map(([path, content]) => {
    const name = `weights/${path}`;
    // Local header, name, and an extra field with a header of four bytes.
    const before = at + 30 + name.length + 4;
    const padding = new Uint8Array((64 - (before % 64)) % 64);
    at = before + padding.length + content.length;
    return [name, [content, { level: 0, extra: { 16966: padding } }]] as const;
  });
  return zipSync(Object.fromEntries(entries) as unknown as Parameters<typeof zipSync>[0]);
}

/** The container of before PyTorch 1.6. */
function writeLegacy(weights: Weights): Uint8Array {
  const magic = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
  const system = joined([text('}'), op.mark, op.string('little_endian'), op.yes, text('u')]);
  const keys = [text(']'), op.mark, ...Array.from(weights.keys(), (_, k) => op.string(String(k))), text('e')];
  return joined([
    pickle([0x8a, magic.length, ...magic]),
    pickle(op.integer(1001)),
    pickle(system),
    pickle(stateDict(weights)),
    pickle(...keys),
    ...Array.from(weights.values(), ({ data }) => [
      new Uint8Array(BigInt64Array.of(BigInt(data.length)).buffer),
      bytesOf(data),
    ]).flat(),
  ]);
}

function writeSafetensors(weights: Weights): Uint8Array {
  let at = 0;
  const entries = Array.from(weights, ([key, { shape, data }]) => {
    const data_offsets = [at, at + data.byteLength];
    at += data.byteLength;
    return [key, { dtype: 'F32', shape, data_offsets }] as const;
  });
  const header = JSON.stringify(Object.fromEntries(entries));
  // The reference implementation pads the header to a multiple of eight.
  const padded = text(header.padEnd(8 * Math.ceil(header.length / 8)));
  const length = new Uint8Array(BigInt64Array.of(BigInt(padded.length)).buffer);
  return joined([length, padded, ...Array.from(weights.values(), ({ data }) => bytesOf(data))]);
}

/** Every kind of file by name, with its ending. */
export const weightFiles: Readonly<
  Record<string, readonly [ending: string, write: (weights: Weights, architecture: Architecture) => Uint8Array]>
> = {
  'PyTorch zip': ['.pth', writeZip],
  'PyTorch legacy': ['.pth', writeLegacy],
  safetensors: ['.safetensors', writeSafetensors],
  ONNX: ['.onnx', (weights, architecture) => encodeOnnx(architecture, weights, architecture.channels, 4)],
};
