/** Small checkpoints that would become large, or never end: they are refused before they do. */
import { zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { readWeightsFile } from '../../../../src/host/format/weights/index.ts';

const bytes = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const word = (n: number) => String.fromCharCode(n & 255, (n >> 8) & 255);
const text = (content: string) => `U${String.fromCharCode(content.length)}${content}`;
/** A pickle of protocol 2 that refers to a storage of float32, and one of a tensor of one axis that views it. */
const storage = (key: string, length: number) =>
  `(${text('storage')}ctorch\nFloatStorage\n${text(key)}${text('cpu')}M${word(length)}tQ`;
const tensor = (key: string, length: number) =>
  `ctorch._utils\n_rebuild_tensor_v2\n(${storage(key, length)}K\x00K\x01\x85K\x01\x85\x89NtR`;
const checkpoint = (pickle: string, storages: Record<string, Uint8Array> = {}) =>
  zipSync({ 'a/data.pkl': bytes(`\x80\x02${pickle}.`), ...storages }, { level: 0 });

const values = 250;
const keys = Array.from({ length: 40 }, (_, k) => `${k}`);
const stateDict = `}(${keys.map((key) => text(`w${key}`) + tensor(key, values)).join('')}u`;
const full = new Uint8Array(4 * values);

/** Makes all storages of an archive lie where the first lies. */
function overlaid(archive: Uint8Array): Uint8Array {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const central = 0x02014b50;
  let first: { readonly size: number; readonly local: number } | undefined;
  for (let at = view.getUint32(archive.length - 6, true); view.getUint32(at, true) === central; ) {
    const nameLength = view.getUint16(at + 28, true);
    const name = String.fromCharCode(...archive.subarray(at + 46, at + 46 + nameLength));
    if (name.startsWith('a/data/')) {
      first ??= { size: view.getUint32(at + 24, true), local: view.getUint32(at + 42, true) };
      view.setUint32(at + 20, first.size, true);
      view.setUint32(at + 24, first.size, true);
      view.setUint32(at + 42, first.local, true);
    }
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return archive;
}

test('storages that lie over one another', () => {
  const whole = checkpoint(stateDict, Object.fromEntries(keys.map((key) => [`a/data/${key}`, full])));
  expect(readWeightsFile(whole, 'a.pth').tensors.size).toBe(keys.length);
  const one = Object.fromEntries(keys.map((key, k) => [`a/data/${key}`, k === 0 ? full : new Uint8Array()]));
  expect(() => readWeightsFile(overlaid(checkpoint(stateDict, one)), 'a.pth')).toThrow(
    /storages that are together larger than the file/,
  );
});

/** A list that holds a list twice, and so on: 2^60 entries as a text. */
const nested = `]q\x00${'0h\x00h\x00\x86q\x00'.repeat(60)}`;

test.each([
  [
    'a shape',
    `ctorch._utils\n_rebuild_tensor_v2\n(${storage('0', values)}K\x00${nested}K\x01\x85\x89NtR`,
    /shape \[\?\]/,
  ],
  ['the name of a global', `${nested}0h\x00${text('a')}\x93`, /the name of a global that is no text/],
])('lists in lists as %s', (_, pickle, finding) => {
  expect(() => readWeightsFile(checkpoint(pickle, { 'a/data/0': full }), 'a.pth')).toThrow(finding);
});

test('instructions without end', () => {
  expect(() => readWeightsFile(checkpoint('}0'.repeat(6e5)), 'a.pth')).toThrow(/more than 1000000 instructions/);
});

test('a list of pairs that is made a dictionary again and again', () => {
  const pairs = `](${'K\x00K\x00\x86'.repeat(2000)}eq\x00`;
  const again = 'ccollections\nOrderedDict\nh\x00\x85R0'.repeat(600);
  expect(() => readWeightsFile(checkpoint(pairs + again), 'a.pth')).toThrow(/more than 1000000 entries/);
});
