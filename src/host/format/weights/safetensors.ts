/** Safetensors (huggingface/safetensors, README "Format"): eight bytes of header length, a JSON header, the values. */
import { z } from 'zod';
import { type DType, decodeValues, type StoredTensor, sizeOf, widthOf } from './stored-tensor.ts';
import { refusal, type WeightsFile } from './weights-file.ts';

const dtypes: Readonly<Record<string, DType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
};

/** Longest header, as in the reference implementation. */
const longestHeader = 100e6;

const count = z.int().min(0);
const entrySchema = z.strictObject({ dtype: z.string(), shape: z.array(count), data_offsets: z.tuple([count, count]) });

const headerLength = (bytes: Uint8Array): number =>
  bytes.length < 8 ? Number.NaN : Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));

/** Whether the bytes begin like a safetensors file: a length that fits and an object. */
export const isSafetensors = (bytes: Uint8Array): boolean =>
  bytes[8] === 0x7b && headerLength(bytes) <= Math.min(bytes.length - 8, longestHeader);

/** The first name that a JSON object has twice at its top level; JSON.parse would keep the last. */
function repeatedKey(json: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  for (const [token, , colon] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*(:)?)|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && colon) {
      const key = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1)) as string;
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return undefined;
}

/**
 * Reads a safetensors file.
 * @throws PipelineError BadFile
 */
export function readSafetensors(bytes: Uint8Array, name: string): WeightsFile {
  const refuse = refusal(name, 'a safetensors file');
  const length = headerLength(bytes);
  if (!(length <= Math.min(bytes.length - 8, longestHeader))) throw refuse('a header that is longer than the file');
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw refuse('a header that is no JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw refuse('a header that is no JSON object');
  const twice = repeatedKey(text);
  if (twice !== undefined) throw refuse(`two tensors named ${twice}`);

  const content = bytes.subarray(8 + length);
  const tensors = new Map<string, StoredTensor>();
  const spans: { readonly key: string; readonly start: number; readonly end: number }[] = [];
  for (const [key, value] of Object.entries(header)) {
    if (key === '__metadata__') continue;
    const entry = entrySchema.safeParse(value);
    if (!entry.success) throw refuse(`a damaged description of the tensor ${key}`);
    const { dtype: code, shape, data_offsets } = entry.data;
    const dtype = Object.hasOwn(dtypes, code) ? dtypes[code]! : undefined;
    if (!dtype)
      throw refuse(`the tensor ${key} of the type ${code}`, `save it as one of ${Object.keys(dtypes).join(', ')}`);
    const [start, end] = data_offsets;
    if (end < start || end > content.length) throw refuse(`the tensor ${key} beyond the end of the file`);
    if (sizeOf(shape) * widthOf(dtype) !== end - start)
      throw refuse(`the tensor ${key} of the shape [${shape}] in ${end - start} bytes`);
    spans.push({ key, start, end });
    tensors.set(key, { dtype, shape, values: () => decodeValues(content.subarray(start, end), dtype) });
  }
  spans.sort((a, b) => a.start - b.start || a.end - b.end);
  const overlap = spans.findIndex(({ start }, i) => i > 0 && start < spans[i - 1]!.end);
  if (overlap > 0) throw refuse(`the tensors ${spans[overlap - 1]!.key} and ${spans[overlap]!.key} in the same bytes`);
  return { container: 'safetensors', tensors, notes: [] };
}
