/**
 * Python's pickle format (PEP 3154; CPython Lib/pickletools.py) as data: a stack machine that builds numbers, texts,
 * lists and dictionaries. Nothing of a file is ever run. Globals and persistent ids are looked up by the caller, who
 * answers for names that it knows and refuses all others; only what it answers with a `PickleFunction` can be called.
 */

/** A stream that is damaged or not a pickle; the message is a noun phrase that says what was found. */
export class PickleError extends Error {
  override readonly name = 'PickleError';
}

/** Stands for a Python callable: what REDUCE makes of its arguments. */
export class PickleFunction {
  constructor(readonly call: (args: readonly unknown[]) => unknown) {}
}

/** A dictionary whose attributes may be set (`collections.OrderedDict`); the attributes are left out. */
export class OrderedDict extends Map<unknown, unknown> {}

export interface PickleHost {
  /** The value of a global. Throws for every name that is not known. */
  global(module: string, name: string): unknown;
  /** The object of a persistent id. */
  persistent(id: unknown): unknown;
}

export interface Unpickled {
  /** Tuples and lists are arrays, dictionaries are maps, integers beyond 2^53 are bigints. */
  readonly value: unknown;
  /** Offset of the first byte behind the pickle. */
  readonly end: number;
}

const mark = Symbol('mark');
const char = (text: string): number => text.charCodeAt(0);
/** Longest integer: PyTorch's magic number has ten bytes. */
const longestInteger = 64;
/** Checkpoints with the state of an optimiser have some ten thousand; an instruction of one byte makes an object of hundreds. */
const mostInstructions = 1e6;

/** A little-endian two's complement integer. */
function integerOf(bytes: Uint8Array): number | bigint {
  if (bytes.length > longestInteger) throw new PickleError(`an integer of ${bytes.length} bytes`);
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  const signed = BigInt.asIntN(Math.max(8 * bytes.length, 1), value);
  const number = Number(signed);
  return Number.isSafeInteger(number) ? number : signed;
}

class Machine {
  private readonly stack: unknown[] = [];
  private readonly memo = new Map<number, unknown>();
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
    private readonly host: PickleHost,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): Unpickled {
    for (let n = 0; ; n++) {
      if (n === mostInstructions) throw new PickleError(`more than ${mostInstructions} instructions`);
      const start = this.at;
      const code = this.u8();
      if (code === char('.')) return { value: this.pop(), end: this.at };
      if (!this.step(code)) throw new PickleError(`the unknown instruction 0x${code.toString(16)} at byte ${start}`);
    }
  }

  private take(length: number): Uint8Array {
    if (!(length >= 0 && length <= this.bytes.length - this.at))
      throw new PickleError('an end before the last instruction');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
  private u8(): number {
    return this.take(1)[0]!;
  }
  private u16(): number {
    this.take(2);
    return this.view.getUint16(this.at - 2, true);
  }
  private u32(): number {
    this.take(4);
    return this.view.getUint32(this.at - 4, true);
  }
  private u64(): number {
    this.take(8);
    return Number(this.view.getBigUint64(this.at - 8, true));
  }
  private line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0) throw new PickleError('an end before the last instruction');
    const text = this.take(end - this.at);
    this.at++;
    return new TextDecoder().decode(text);
  }
  private text(length: number, encoding = 'utf-8'): void {
    this.stack.push(new TextDecoder(encoding).decode(this.take(length)));
  }

  private pop(): unknown {
    const value = this.stack.pop();
    if (value === undefined || value === mark) throw new PickleError('an instruction without its operands');
    return value;
  }
  private top(): unknown {
    const value = this.stack.at(-1);
    if (value === undefined || value === mark) throw new PickleError('an instruction without its operands');
    return value;
  }
  private popMark(): unknown[] {
    const at = this.stack.lastIndexOf(mark);
    if (at < 0) throw new PickleError('an instruction without its operands');
    const values = this.stack.splice(at);
    values.shift();
    return values;
  }
  private tuple(count: number): void {
    const values = Array.from({ length: count }, () => this.pop());
    this.stack.push(values.reverse());
  }
  private get(key: number): void {
    if (!this.memo.has(key)) throw new PickleError('a reference to nothing');
    this.stack.push(this.memo.get(key));
  }
  private append(values: readonly unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw new PickleError('entries of a list that is none');
    for (const value of values) list.push(value);
  }
  private set(entries: readonly unknown[]): void {
    const dictionary = this.top();
    if (!(dictionary instanceof Map) || entries.length % 2)
      throw new PickleError('entries of a dictionary that is none');
    for (let i = 0; i < entries.length; i += 2) dictionary.set(entries[i], entries[i + 1]);
  }
  private call(): void {
    const args = this.pop();
    const callee = this.pop();
    if (!(callee instanceof PickleFunction) || !Array.isArray(args))
      throw new PickleError('a call of something that is no function');
    this.stack.push(callee.call(args));
  }
  /** State of an OrderedDict is its attributes, such as `_metadata`: no weights. */
  private build(): void {
    const state = this.pop();
    if (!(this.top() instanceof OrderedDict) || !(state instanceof Map))
      throw new PickleError('the state of an object of a class');
  }

  /** One instruction; false where it is not known. */
  private step(code: number): boolean {
    const { stack } = this;
    switch (code) {
      case 0x80: // PROTO
        if (this.u8() > 5) throw new PickleError('a pickle of an unknown protocol');
        return true;
      case 0x95: // FRAME
        this.u64();
        return true;
      case char('('):
        stack.push(mark);
        return true;
      case char('0'):
        if (stack.pop() === undefined) throw new PickleError('an instruction without its operands');
        return true;
      case char('1'):
        this.popMark();
        return true;
      case char('2'):
        stack.push(this.top());
        return true;

      case char('N'):
        stack.push(null);
        return true;
      case 0x88:
        stack.push(true);
        return true;
      case 0x89:
        stack.push(false);
        return true;
      case char('I'): {
        const word = this.line();
        stack.push(word === '01' ? true : word === '00' ? false : Number.parseInt(word, 10));
        return true;
      }
      case char('L'):
        stack.push(Number.parseInt(this.line(), 10));
        return true;
      case char('F'):
        stack.push(Number(this.line()));
        return true;
      case char('J'):
        stack.push(this.u32() | 0);
        return true;
      case char('K'):
        stack.push(this.u8());
        return true;
      case char('M'):
        stack.push(this.u16());
        return true;
      case 0x8a:
        stack.push(integerOf(this.take(this.u8())));
        return true;
      case 0x8b:
        stack.push(integerOf(this.take(this.u32())));
        return true;
      case char('G'):
        this.take(8);
        stack.push(this.view.getFloat64(this.at - 8, false));
        return true;

      case char('X'):
        this.text(this.u32());
        return true;
      case 0x8c:
        this.text(this.u8());
        return true;
      case 0x8d:
        this.text(this.u64());
        return true;
      case char('U'): // Texts of Python 2
        this.text(this.u8(), 'latin1');
        return true;
      case char('T'):
        this.text(this.u32(), 'latin1');
        return true;
      case char('V'):
        stack.push(this.line());
        return true;
      case char('C'):
        stack.push(this.take(this.u8()));
        return true;
      case char('B'):
        stack.push(this.take(this.u32()));
        return true;
      case 0x8e:
        stack.push(this.take(this.u64()));
        return true;

      case char(')'):
      case char(']'):
        stack.push([]);
        return true;
      case char('}'):
        stack.push(new Map());
        return true;
      case char('t'):
      case char('l'):
        stack.push(this.popMark());
        return true;
      case 0x85:
      case 0x86:
      case 0x87:
        this.tuple(code - 0x84);
        return true;
      case char('d'): {
        const entries = this.popMark();
        stack.push(new Map());
        this.set(entries);
        return true;
      }
      case char('a'):
        this.append([this.pop()]);
        return true;
      case char('e'):
        this.append(this.popMark());
        return true;
      case char('s'): {
        const value = this.pop();
        this.set([this.pop(), value]);
        return true;
      }
      case char('u'):
        this.set(this.popMark());
        return true;

      case char('p'):
        this.memo.set(Number.parseInt(this.line(), 10), this.top());
        return true;
      case char('q'):
        this.memo.set(this.u8(), this.top());
        return true;
      case char('r'):
        this.memo.set(this.u32(), this.top());
        return true;
      case 0x94:
        this.memo.set(this.memo.size, this.top());
        return true;
      case char('g'):
        this.get(Number.parseInt(this.line(), 10));
        return true;
      case char('h'):
        this.get(this.u8());
        return true;
      case char('j'):
        this.get(this.u32());
        return true;

      case char('c'): {
        const module = this.line();
        stack.push(this.host.global(module, this.line()));
        return true;
      }
      case 0x93: {
        const [name, module] = [this.pop(), this.pop()];
        if (typeof name !== 'string' || typeof module !== 'string')
          throw new PickleError('the name of a global that is no text');
        stack.push(this.host.global(module, name));
        return true;
      }
      case char('P'):
        stack.push(this.host.persistent(this.line()));
        return true;
      case char('Q'):
        stack.push(this.host.persistent(this.pop()));
        return true;
      case char('R'):
      case 0x81: // NEWOBJ
        this.call();
        return true;
      case char('b'):
        this.build();
        return true;
      default:
        return false;
    }
  }
}

/**
 * Reads one pickle.
 * @throws PickleError on a damaged stream, and whatever the host throws
 */
export function unpickle(bytes: Uint8Array, start: number, host: PickleHost): Unpickled {
  return new Machine(bytes, start, host).run();
}
