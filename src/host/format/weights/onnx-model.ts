/** ONNX models (onnx/onnx.proto, IR version 3 and later) as far as networks of convolutions need them. */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { type DType, decodeValues, isFloat, type StoredTensor, sizeOf, widthOf } from './stored-tensor.ts';

export interface OnnxNode {
  /** As its exporter names it; may be empty. */
  readonly name: string;
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

export interface OnnxAttribute {
  readonly float?: number;
  readonly integer?: number;
  readonly text?: string;
  readonly integers: readonly number[];
  readonly tensor?: StoredTensor;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initialisers: ReadonlyMap<string, StoredTensor>;
  /** Names of the inputs that are no initialisers. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Bytes that are no ONNX model; the message is a noun phrase that says what was found. */
export class OnnxError extends Error {
  override readonly name = 'OnnxError';
}

/** TensorProto.DataType. */
const dtypes: Readonly<Record<number, DType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  16: 'bfloat16',
};

/** Calls `visit` for each field of a message; what it does not read is skipped. */
function eachField(bytes: Uint8Array, visit: (field: number, reader: BinaryReader, type: WireType) => void): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const before = reader.pos;
    visit(field, reader, type);
    if (reader.pos === before) reader.skip(type, field);
  }
}

/** Integers, packed into one field or one by one. */
function readIntegers(reader: BinaryReader, type: WireType, into: number[]): void {
  if (type !== WireType.LengthDelimited) {
    into.push(Number(reader.int64()));
    return;
  }
  const packed = new BinaryReader(reader.bytes());
  while (packed.pos < packed.len) into.push(Number(packed.int64()));
}

/** Numbers of a packed field of integers: each ends in a byte below 128. */
const varints = (packed: Uint8Array): number => packed.reduce((count, byte) => count + Number(byte < 0x80), 0);

/** Values of int32_data: numbers, or the bits of a float16 or a bfloat16 each. */
function valuesOfIntegers(packed: Uint8Array, dtype: DType): Float32Array {
  const reader = new BinaryReader(packed);
  const integers = Int32Array.from({ length: varints(packed) }, () => reader.int32());
  if (!isFloat(dtype)) return Float32Array.from(integers);
  return decodeValues(new Uint8Array(Uint16Array.from(integers).buffer), dtype);
}

/** Values of int64_data. Wide integers are rounded. */
function valuesOfLongs(packed: Uint8Array): Float32Array {
  const reader = new BinaryReader(packed);
  return Float32Array.from({ length: varints(packed) }, () => Number(reader.int64()));
}

/** The field for the values of a type where they are not raw: float_data, int32_data, int64_data, double_data. */
const typedField = (dtype: DType): number => ({ float32: 4, int64: 7, float64: 10 })[dtype as string] ?? 5;

/**
 * A tensor; undefined where its type is not known: constants of texts, say, matter only where a convolution refers to them.
 * @throws OnnxError where the values are elsewhere, or are not as many as the shape says
 */
function readTensor(bytes: Uint8Array): { readonly name: string; readonly tensor?: StoredTensor } {
  const shape: number[] = [];
  let [name, code, external, loose] = ['', 0, false, false];
  let raw: Uint8Array | undefined;
  const typed = new Map<number, Uint8Array>();
  eachField(bytes, (field, reader, type) => {
    if (field === 1) readIntegers(reader, type, shape);
    else if (field === 2) code = reader.int32();
    else if (field === 8) name = reader.string();
    else if (field === 9) raw = reader.bytes();
    else if (field === 14) external = reader.int32() === 1;
    else if ([4, 5, 7, 10].includes(field)) {
      if (type === WireType.LengthDelimited) typed.set(field, reader.bytes());
      else loose = true;
    }
  });
  if (external) throw new OnnxError(`the tensor ${name} in another file`);
  const dtype = dtypes[code];
  if (!dtype) return { name };
  // The schema packs them; no writer is known that does not.
  if (loose) throw new OnnxError(`the tensor ${name} with values that are not packed`);
  const field = typedField(dtype);
  const integers = raw === undefined && (field === 5 || field === 7);
  const content = raw ?? typed.get(field) ?? new Uint8Array();
  const count = integers ? varints(content) : content.length / widthOf(dtype);
  if (shape.some((n) => n < 0) || count !== sizeOf(shape))
    throw new OnnxError(`the tensor ${name} of the shape [${shape}] with ${count} values of the type ${dtype}`);
  const values = () => {
    if (!integers) return decodeValues(content, dtype);
    return field === 7 ? valuesOfLongs(content) : valuesOfIntegers(content, dtype);
  };
  return { name, tensor: { dtype, shape, values } };
}

function readAttribute(bytes: Uint8Array): readonly [string, OnnxAttribute] {
  let name = '';
  const attribute: { -readonly [K in keyof OnnxAttribute]: OnnxAttribute[K] } & { integers: number[] } = {
    integers: [],
  };
  eachField(bytes, (field, reader, type) => {
    if (field === 1) name = reader.string();
    else if (field === 2) attribute.float = reader.float();
    else if (field === 3) attribute.integer = Number(reader.int64());
    else if (field === 4) attribute.text = new TextDecoder().decode(reader.bytes());
    else if (field === 5) attribute.tensor = readTensor(reader.bytes()).tensor;
    else if (field === 8) readIntegers(reader, type, attribute.integers);
  });
  return [name, attribute];
}

function readNode(bytes: Uint8Array): OnnxNode {
  let [name, operator] = ['', ''];
  const [inputs, outputs]: [string[], string[]] = [[], []];
  const attributes = new Map<string, OnnxAttribute>();
  eachField(bytes, (field, reader) => {
    if (field === 1) inputs.push(reader.string());
    else if (field === 2) outputs.push(reader.string());
    else if (field === 3) name = reader.string();
    else if (field === 4) operator = reader.string();
    else if (field === 5) attributes.set(...readAttribute(reader.bytes()));
  });
  return { name, operator, inputs, outputs, attributes };
}

function readName(bytes: Uint8Array): string {
  let name = '';
  eachField(bytes, (field, reader) => {
    if (field === 1) name = reader.string();
  });
  return name;
}

function readGraph(bytes: Uint8Array): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const initialisers = new Map<string, StoredTensor>();
  const [inputs, outputs]: [string[], string[]] = [[], []];
  eachField(bytes, (field, reader) => {
    if (field === 1) nodes.push(readNode(reader.bytes()));
    else if (field === 5) {
      const { name, tensor } = readTensor(reader.bytes());
      // A runtime may take the one or the other.
      if (initialisers.has(name)) throw new OnnxError(`two tensors named ${name}`);
      if (tensor) initialisers.set(name, tensor);
    } else if (field === 11) inputs.push(readName(reader.bytes()));
    else if (field === 12) outputs.push(readName(reader.bytes()));
  });
  for (const { operator, outputs: made, attributes } of nodes) {
    const constant = operator === 'Constant' && attributes.get('value')?.tensor;
    if (constant && made[0]) initialisers.set(made[0], constant);
  }
  return { nodes, initialisers, inputs: inputs.filter((name) => !initialisers.has(name)), outputs };
}

/** Whether the bytes begin like an ONNX model: its IR version, then another of the model's fields. */
export const isOnnx = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x08 && bytes[1]! < 64 && [0x12, 0x3a, 0x42].includes(bytes[2]!);

/**
 * Reads a model's graph. Weights are views of the bytes.
 * @throws OnnxError
 */
export function readOnnxModel(bytes: Uint8Array): OnnxGraph {
  let graph: OnnxGraph | undefined;
  try {
    eachField(bytes, (field, reader) => {
      if (field === 7) graph = readGraph(reader.bytes());
    });
  } catch (error) {
    if (error instanceof OnnxError) throw error;
    throw new OnnxError('an end before the last field, or damage', { cause: error });
  }
  if (!graph) throw new OnnxError('no graph');
  return graph;
}
