/** Safetensors (huggingface/safetensors, README "Format"): eight bytes of header length, a JSON header, the values without gaps. */
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
const metadataSchema = z.record(z.string(), z.string());

const headerLength = (bytes: Uint8Array): number =>
  bytes.length < 8 ? Number.NaN : Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));

/** Whether the bytes begin like a safetensors file: a length that fits and an object. */
export const isSafetensors = (bytes: Uint8Array): boolean =>
  bytes[8] === 0x7b && headerLength(bytes) <= Math.min(bytes.length - 8, longestHeader);

/**
 * The first name that an object of a JSON text has twice, after the name that it stands under at the top level, if any.
 * JSON.parse would keep the last one without a word, other readers the first.
 * @param json that JSON.parse has read
 */
function repeatedKey(json: string): readonly string[] | undefined {
  const open: Set<string>[] = [];
  let top = '';
  for (const [token, colon] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (colon) {
      const key = JSON.parse(token.slice(0, -colon.length)) as string;
      const names = open.at(-1)!;
      if (names.has(key)) return open.length === 1 ? [key] : [top, key];
      names.add(key);
      if (open.length === 1) top = key;
    }
  }
  return undefined;
}

interface Span {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/**
 * What is wrong with the places of the tensors, in words: "The byte buffer needs to be entirely indexed, and cannot
 * contain holes." What lies between or behind tensors can be a second meaning of the file.
 * @param length bytes after the header
 */
function faultOf(spans: readonly Span[], length: number): string | undefined {
  let last: Span = { key: '', start: 0, end: 0 };
  for (const span of [...spans].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (span.start < last.end) return `the tensors ${last.key} and ${span.key} in the same bytes`;
    if (span.start > last.end) return `${span.start - last.end} bytes of no tensor before ${span.key}`;
    last = span;
  }
  return last.end < length ? `${length - last.end} bytes of no tensor at the end` : undefined;
}

/**
 * Reads a safetensors file.
 * @throws PipelineError BadFile
 */
export function readSafetensors(bytes: Uint8Array, name: string): WeightsFile {
  const refuse = refusal(name, 'a safetensors file');
  const length = headerLength(bytes);
  if (!(length <= Math.min(bytes.length - 8, longestHeader))) throw refuse('a header that is longer than the file');
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, 8 + length));
    header = JSON.parse(text);
  } catch {
    throw refuse('a header that is no JSON in UTF-8');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw refuse('a header that is no JSON object');
  const twice = repeatedKey(text);
  if (twice?.length === 1) throw refuse(`two tensors named ${twice[0]}`);
  if (twice) throw refuse(`${twice[0]} with two entries named ${twice[1]}`);

  const content = bytes.subarray(8 + length);
  const tensors = new Map<string, StoredTensor>();
  const spans: Span[] = [];
  for (const [key, value] of Object.entries(header)) {
    if (key === '__metadata__') {
      if (!metadataSchema.safeParse(value).success) throw refuse('metadata that are not texts by name');
      continue;
    }
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
  const fault = faultOf(spans, content.length);
  if (fault) throw refuse(fault);
  return { container: 'safetensors', tensors, notes: [] };
}
