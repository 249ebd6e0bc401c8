/** What the format forbids beyond what its header says wrong: gaps, bytes of no tensor, names twice. */
import { describe, expect, test } from 'vitest';
import { readWeightsFile } from '../../../../src/host/format/weights/index.ts';
import { PipelineError } from '../../../../src/pipeline/errors.ts';

/** A file of a header as it stands and of as many bytes of values, which count up. */
function file(header: string | Uint8Array, length: number): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  for (let k = 0; k < length; k++) bytes[8 + text.length + k] = k;
  return bytes;
}

/** The entry of a tensor of bytes from one offset to another. */
const entry = (from: number, to: number, name = 'a') =>
  `"${name}":{"dtype":"U8","shape":[${to - from}],"data_offsets":[${from},${to}]}`;
const read = (header: string | Uint8Array, length: number) => readWeightsFile(file(header, length), 'w.safetensors');

describe('safetensors', () => {
  test('tensors in any order, empty ones, metadata, spaces at the end, a name in a tensor that another has', () => {
    const dtype = '{"dtype":"U8","shape":[1],"data_offsets":[5,6]}';
    const header = `{"__metadata__":{"format":"pt"},${entry(2, 5, 'b')},${entry(2, 2, 'none')},${entry(0, 2)},"dtype":${dtype}}   `;
    const { tensors } = read(header, 6);
    expect([...tensors].map(([key, tensor]) => [key, [...tensor.values()]])).toEqual([
      ['b', [2, 3, 4]],
      ['none', []],
      ['a', [0, 1]],
      ['dtype', [5]],
    ]);
  });

  test('the values of a text that look like names and braces are none', () => {
    const { tensors } = read(`{"__metadata__":{"a":"{\\"a\\":1}","b":"a"},${entry(0, 1, 'a\\"}')}}`, 1);
    expect([...tensors.keys()]).toEqual(['a"}']);
  });

  test.each<[string, string | Uint8Array, number, RegExp]>([
    ['a gap before the first tensor', `{${entry(1, 2)}}`, 2, /1 bytes of no tensor before a/],
    ['a gap between tensors', `{${entry(0, 2)},${entry(4, 6, 'b')}}`, 6, /2 bytes of no tensor before b/],
    ['bytes behind the last tensor', `{${entry(0, 2)}}`, 5, /3 bytes of no tensor at the end/],
    ['bytes and no tensor', '{}', 1, /1 bytes of no tensor at the end/],
    ['tensors over one another', `{${entry(0, 3)},${entry(2, 4, 'b')}}`, 4, /tensors a and b in the same bytes/],
    ['a tensor within another', `{${entry(0, 4)},${entry(1, 2, 'b')}}`, 4, /tensors a and b in the same bytes/],
    ['two tensors in all the same bytes', `{${entry(0, 4)},${entry(0, 4, 'b')}}`, 4, /a and b in the same bytes/],
    ['a tensor twice', `{${entry(0, 1)},${entry(1, 2)}}`, 2, /two tensors named a/],
    ['a tensor twice, once escaped', `{${entry(0, 1)},${entry(1, 2, '\\u0061')}}`, 2, /two tensors named a/],
    [
      'a shape twice',
      '{"a":{"dtype":"U8","shape":[2],"shape":[1],"data_offsets":[0,1]}}',
      1,
      /a with two entries named shape/,
    ],
    [
      'offsets twice, with spaces',
      '{"a":{"dtype":"U8","data_offsets" : [0,2],"shape":[1], "data_offsets" : [0,1]}}',
      1,
      /a with two entries named data_offsets/,
    ],
    [
      'metadata twice',
      `{"__metadata__":{"x":"1"},${entry(0, 1)},"__metadata__":{"x":"2"}}`,
      1,
      /two tensors named __metadata__/,
    ],
    ['a name of the metadata twice', '{"__metadata__":{"x":"1","x":"2"}}', 0, /__metadata__ with two entries named x/],
    ['metadata that are no texts', '{"__metadata__":{"x":1}}', 0, /metadata that are not texts by name/],
    ['a description with more in it', `{${entry(0, 1).replace('}', ',"more":1}')}}`, 1, /damaged description of .* a/],
    ['a header in another encoding', Uint8Array.of(0x7b, 0x22, 0xe4, 0x22, 0x3a, 0x31, 0x7d), 0, /no JSON in UTF-8/],
  ])('refused: %s', (_, header, length, finding) => {
    const attempt = () => read(header, length);
    expect(attempt).toThrow(PipelineError);
    expect(attempt).toThrow(finding);
    expect(attempt).toThrow(/^w\.safetensors: expected a safetensors file, found .*; copy, download or export/);
  });
});
