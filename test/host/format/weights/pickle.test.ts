import { describe, expect, test } from 'vitest';
import {
  OrderedDict,
  PickleError,
  PickleFunction,
  type PickleHost,
  unpickle,
} from '../../../../src/host/format/weights/pickle.ts';

const host: PickleHost = {
  global(module, name) {
    if (module === 'collections' && name === 'OrderedDict') return new PickleFunction(() => new OrderedDict());
    if (module === 'numbers' && name === 'sum')
      return new PickleFunction((args) => (args as number[]).reduce((sum, x) => sum + x, 0));
    if (module === 'torch' && name === 'FloatStorage') return 'a class';
    throw new Error(`refused ${module}.${name}`);
  },
  persistent: (id) => `object ${String(id)}`,
};
/** Bytes of a text, each character a byte. */
const bytes = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const load = (text: string) => unpickle(bytes(text), 0, host).value;

describe('pickles', () => {
  test.each([
    ['None and booleans', '\x80\x02N\x88\x89\x87.', [null, true, false]],
    ['booleans and numbers of protocol 0', '(I01\nI00\nI-7\nL12L\nF0.5\nt.', [true, false, -7, 12, 0.5]],
    ['integers', '(K\xffM\x01\x02J\xff\xff\xff\xff\x8a\x00\x8a\x02\x00\x80t.', [255, 513, -1, 0, -32768]],
    ['an integer beyond 2^53', '\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x40.', 2n ** 62n],
    ['a float', 'G\x3f\xf8\x00\x00\x00\x00\x00\x00.', 1.5],
    ['texts', '(X\x02\x00\x00\x00\xc3\xa4\x8c\x01bU\x01\xe4Vq\nt.', ['ä', 'b', 'ä', 'q']],
    ['bytes', 'C\x02\x01\x02.', Uint8Array.of(1, 2)],
    ['a list', '](K\x01K\x02eK\x03a.', [1, 2, 3]],
    [
      'a dictionary',
      '}(K\x01K\x02uK\x03K\x04s.',
      new Map([
        [1, 2],
        [3, 4],
      ]),
    ],
    ['a dictionary of a mark', '(K\x01K\x02d.', new Map([[1, 2]])],
    ['the memo', '](K\x05q\x00h\x00r\x01\x00\x00\x00j\x01\x00\x00\x00e.', [5, 5, 5]],
    ['the memo of protocol 4', '\x80\x04K\x05\x94h\x00\x86.', [5, 5]],
    ['DUP, POP and POP_MARK', 'K\x012\x86(K\x09K\x081K\x070.', [1, 1]],
    ['a persistent id', 'U\x03keyQ.', 'object key'],
    ['a call', 'cnumbers\nsum\n(K\x01K\x02tR.', 3],
    ['STACK_GLOBAL', '\x80\x04\x8c\x07numbers\x8c\x03sum\x93K\x04\x85R.', 4],
    [
      'BUILD of an OrderedDict leaves its attributes out',
      'ccollections\nOrderedDict\n)R}K\x01K\x02sb.',
      new OrderedDict(),
    ],
  ])('%s', (_, text, wanted) => {
    expect(load(text)).toEqual(wanted);
  });

  test('a pickle in the middle of others, and where it ends', () => {
    expect(unpickle(bytes('..K\x05.K\x06.'), 2, host)).toEqual({ value: 5, end: 5 });
  });

  test.each([
    ['a global that the host does not know', 'cos\nsystem\n.', /refused os\.system/],
    ['the same by STACK_GLOBAL', '\x8c\x02os\x8c\x06system\x93.', /refused os\.system/],
    ['a call of a class', 'ctorch\nFloatStorage\n)R.', /no function/],
    ['a call of a text', 'U\x05print)R.', /no function/],
    ['NEWOBJ of a class', 'ctorch\nFloatStorage\n)\x81.', /no function/],
    ['BUILD of a dictionary', '}}b.', /the state of an object/],
    ['BUILD with slots', 'ccollections\nOrderedDict\n)R(}}tb.', /the state of an object/],
    ['INST', '(ios\nsystem\n.', /unknown instruction 0x69/],
    ['OBJ', '(cnumbers\nsum\no.', /unknown instruction 0x6f/],
    ['EXT1', '\x82\x01.', /unknown instruction 0x82/],
    ['NEWOBJ_EX', 'cnumbers\nsum\n)}\x92.', /unknown instruction 0x92/],
    ['an unknown protocol', '\x80\x09N.', /unknown protocol/],
    ['no end', '\x80\x02N', /an end before/],
    ['a text beyond the end', 'X\xff\xff\xff\xffa.', /an end before/],
    ['a text of 2^63 bytes', '\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.', /an end before/],
    ['an integer of many bytes', `\x8b\x00\x01\x00\x00${'a'.repeat(256)}.`, /an integer of 256 bytes/],
    ['an empty stack', '.', /without its operands/],
    ['a tuple without a mark', 'K\x01t.', /without its operands/],
    ['a mark as a value', '(.', /without its operands/],
    ['an unknown memo', 'h\x05.', /a reference to nothing/],
    ['an odd number of entries', '}(K\x01u.', /a dictionary that is none/],
    ['entries of a list', '](K\x01K\x02u.', /a dictionary that is none/],
    ['entries of a text', 'U\x01a(K\x01e.', /a list that is none/],
  ])('refused: %s', (_, text, message) => {
    expect(() => load(text)).toThrow(message);
  });

  test('keys that JavaScript’s objects know are keys', () => {
    const value = load('}U\x09__proto__}U\x08pollutedK\x01ss.') as Map<string, unknown>;
    expect(value.get('__proto__')).toEqual(new Map([['polluted', 1]]));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('a list that holds itself', () => {
    const list = load(']q\x00h\x00a.') as unknown[];
    expect(list[0]).toBe(list);
  });

  test('errors are those of the format', () => {
    expect(() => load('.')).toThrow(PickleError);
  });
});
