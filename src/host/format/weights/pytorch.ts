/**
 * PyTorch's checkpoints (torch/serialization.py): the zip container since 1.6, and the pickles one after another of
 * before. Their pickles are read as data; globals are allowed by exact name, and none of them runs anything.
 */
import { type ZipEntry, zipEntries } from '../zip.ts';
import { OrderedDict, PickleError, PickleFunction, type PickleHost, unpickle } from './pickle.ts';
import { type DType, decodeValues, gatherStrided, type StoredTensor, sizeOf, widthOf } from './stored-tensor.ts';
import { refusal, type WeightsFile } from './weights-file.ts';

const storageTypes: Readonly<Record<string, DType>> = {
  DoubleStorage: 'float64',
  FloatStorage: 'float32',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
};

/** The class of a storage, named by a persistent id. */
class StorageType {
  constructor(readonly dtype: DType) {}
}

/** Values that tensors view. In legacy files the bytes come behind the pickle. */
class Storage {
  bytes: Uint8Array | undefined;
  private decoded: Float32Array | undefined;
  constructor(
    readonly dtype: DType,
    readonly length: number,
  ) {}
  values(): Float32Array {
    this.decoded ??= decodeValues(this.bytes!, this.dtype);
    return this.decoded;
  }
}

class Tensor implements StoredTensor {
  constructor(
    readonly storage: Storage,
    private readonly offset: number,
    readonly shape: readonly number[],
    private readonly stride: readonly number[],
  ) {}
  get dtype(): DType {
    return this.storage.dtype;
  }
  values(): Float32Array {
    const size = sizeOf(this.shape);
    let dense = 1;
    const contiguous = this.shape.every((_, i) => {
      const axis = this.shape.length - 1 - i;
      const right = this.shape[axis] === 1 || this.stride[axis] === dense;
      dense *= this.shape[axis]!;
      return right;
    });
    const source = this.storage.values();
    return contiguous
      ? source.subarray(this.offset, this.offset + size)
      : gatherStrided(source, this.offset, this.shape, this.stride);
  }
}

type Refuse = ReturnType<typeof refusal>;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
/** Tensors of a checkpoint may share storages, but all together hold no more than this many times its bytes. */
const sharing = 4;
/** Axes of a tensor; PyTorch's own operators stop at 64. */
const mostAxes = 64;
/** Entries of dictionaries made of pairs, all together: a list of pairs may be referred to again and again. */
const mostEntries = 1e6;

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= mostAxes && value.every(isCount);
/** Axes for messages. What nests lists, each of them twice in the next, would not end as a text. */
const axesOf = (value: unknown): string =>
  Array.isArray(value) && value.length <= mostAxes && value.every((n) => typeof n === 'number') ? `[${value}]` : '[?]';

/** The globals of a checkpoint, by exact name. */
function globalsOf(refuse: Refuse, fileBytes: number): ReadonlyMap<string, unknown> {
  let budget = sharing * fileBytes;
  let entriesLeft = mostEntries;
  const rebuild = (storage: unknown, offset: unknown, shape: unknown, stride: unknown): Tensor => {
    if (
      !(storage instanceof Storage) ||
      !isCount(offset) ||
      !isCounts(shape) ||
      !isCounts(stride) ||
      shape.length !== stride.length
    )
      throw refuse(
        `a tensor of the shape ${axesOf(shape)} and the strides ${axesOf(stride)}, which are not those of a view`,
      );
    const size = sizeOf(shape);
    const last = size === 0 ? -1 : offset + shape.reduce((sum, n, axis) => sum + (n - 1) * stride[axis]!, 0);
    if (!(last < storage.length))
      throw refuse(`a tensor of the shape [${shape}] in a storage of ${storage.length} values`);
    budget -= size;
    if (!(budget >= 0)) throw refuse('tensors that are larger than the file');
    return new Tensor(storage, offset, shape, stride);
  };
  return new Map<string, unknown>([
    [
      'collections.OrderedDict',
      new PickleFunction(([entries = []]) => {
        entriesLeft -= Array.isArray(entries) ? entries.length : 0;
        if (entriesLeft < 0) throw new PickleError(`dictionaries of more than ${mostEntries} entries`);
        if (!Array.isArray(entries) || !entries.every((entry) => Array.isArray(entry) && entry.length === 2))
          throw new PickleError('a dictionary made of something else than pairs');
        return new OrderedDict(entries as [unknown, unknown][]);
      }),
    ],
    ['torch.Size', new PickleFunction(([shape]) => shape)],
    [
      'torch._utils._rebuild_tensor',
      new PickleFunction(([storage, offset, shape, stride]) => rebuild(storage, offset, shape, stride)),
    ],
    [
      'torch._utils._rebuild_tensor_v2',
      new PickleFunction(([storage, offset, shape, stride]) => rebuild(storage, offset, shape, stride)),
    ],
    ['torch._utils._rebuild_parameter', new PickleFunction(([tensor]) => tensor)],
    ...Object.entries(storageTypes).map(([name, dtype]) => [`torch.${name}`, new StorageType(dtype)] as const),
  ]);
}

const saveInstead = 'save the weights alone with torch.save(model.state_dict(), FILE)';

/** Looks globals up; reads storages of persistent ids by `find`. */
function hostOf(refuse: Refuse, fileBytes: number, find: (key: string, storage: Storage) => Storage): PickleHost {
  const globals = globalsOf(refuse, fileBytes);
  return {
    global(module, name) {
      const full = `${module === '__builtin__' ? 'builtins' : module}.${name}`;
      const value = globals.get(full);
      if (value === undefined) {
        throw refuse(
          `the Python object "${full}", which weights do not need and which is not loaded; nothing of the file was run`,
          saveInstead,
        );
      }
      return value;
    },
    persistent(id) {
      const [kind, type, key, , length, view] = Array.isArray(id) ? (id as unknown[]) : [];
      if (kind !== 'storage' || !(type instanceof StorageType) || typeof key !== 'string' || !isCount(length))
        throw refuse('a reference to something else than a storage of numbers');
      if (view) throw refuse('a storage that is a part of another (PyTorch before 0.4)', saveInstead);
      return find(key, new Storage(type.dtype, length));
    },
  };
}

/** Names under which training loops keep the state dict. */
const nests = ['state_dict', 'model_state_dict', 'model', 'net', 'network'];
/** Prefixes of wrappers: DataParallel, torch.compile. */
const wrappers = /^(module\.|_orig_mod\.)+/;

/** A key of any type, for messages. */
const labelOf = (key: unknown): string => (typeof key === 'string' ? key.slice(0, 64) : `a ${typeof key}`);

const hasTensors = (value: unknown): value is Map<unknown, unknown> =>
  value instanceof Map && [...value.values()].some((entry) => entry instanceof Tensor);

/** The state dict of a checkpoint: itself, or one of its entries. */
function stateDictOf(root: unknown, refuse: Refuse, notes: string[]): Map<unknown, unknown> {
  if (hasTensors(root)) return root;
  const entries = root instanceof Map ? [...root].filter(([, value]) => hasTensors(value)) : [];
  const named = nests.map((nest) => entries.find(([key]) => key === nest)).find(Boolean);
  const chosen = named ?? (entries.length === 1 ? entries[0] : undefined);
  if (!chosen) {
    throw entries.length > 1
      ? refuse(`several sets of tensors: ${entries.map(([key]) => labelOf(key)).join(', ')}`, saveInstead)
      : refuse('no tensors', saveInstead);
  }
  notes.push(`The weights are the entry "${labelOf(chosen[0])}" of the checkpoint.`);
  return chosen[1] as Map<unknown, unknown>;
}

function tensorsOf(root: unknown, refuse: Refuse): Pick<WeightsFile, 'tensors' | 'notes'> {
  const notes: string[] = [];
  const tensors = new Map<string, StoredTensor>();
  let unwrapped = false;
  const others: string[] = [];
  for (const [key, value] of stateDictOf(root, refuse, notes)) {
    if (typeof key !== 'string' || !(value instanceof Tensor)) {
      others.push(labelOf(key));
      continue;
    }
    const bare = key.replace(wrappers, '');
    if (tensors.has(bare)) throw refuse(`two tensors named ${bare}`, saveInstead);
    unwrapped ||= bare !== key;
    tensors.set(bare, value);
  }
  if (unwrapped) notes.push('The prefix "module." of the names is left out.');
  if (others.length > 0) notes.push(`Entries that are no tensors are left out: ${others.slice(0, 8).join(', ')}.`);
  return { tensors, notes };
}

/** Damage in the words of the file. */
function reading<T>(refuse: Refuse, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PickleError) throw refuse(error.message);
    // Nested deeper, or with more references, than anything that weights need.
    throw error instanceof RangeError ? refuse('a pickle beyond all bounds') : error;
  }
}

/**
 * Reads a checkpoint in the zip container.
 * @throws PipelineError BadFile
 */
export function readPytorchZip(bytes: Uint8Array, name: string): WeightsFile {
  const refuse = refusal(name, 'a checkpoint of PyTorch');
  const entries = new Map<string, ZipEntry>();
  for (const entry of zipEntries(bytes, name)) {
    if (/(^|[\\/])\.\.([\\/]|$)|^[\\/]|^[A-Za-z]:/.test(entry.name))
      throw refuse('a zip archive whose entries lie outside of it (such as ../)', 'take a file from another source');
    if (entries.has(entry.name)) throw refuse('a zip archive with two entries of one name');
    entries.set(entry.name, entry);
  }
  const pickle = [...entries.keys()].filter((path) => /^([^/]+\/)?data\.pkl$/.test(path));
  if (pickle.length !== 1)
    throw refuse(`a zip archive ${pickle.length ? 'with several data.pkl' : 'without data.pkl'}`, saveInstead);
  const folder = pickle[0]!.slice(0, -'data.pkl'.length);
  if ([...entries.keys()].some((path) => path.startsWith(`${folder}code/`)))
    throw refuse('a TorchScript archive', saveInstead);
  const contentOf = (path: string, what: string) => {
    const entry = entries.get(folder + path);
    if (!entry) throw refuse(`no ${what}`);
    // PyTorch never compresses; so memory is bounded by the file's own size.
    if (!entry.stored)
      throw refuse(`a compressed ${what}, which PyTorch does not write`, 'save the checkpoint with PyTorch');
    return entry.read();
  };
  const order = entries.has(`${folder}byteorder`)
    ? new TextDecoder().decode(contentOf('byteorder', 'byte order'))
    : 'little';
  if (order.trim() !== 'little')
    throw refuse(`the byte order "${order.slice(0, 16)}"`, 'save it on a little-endian machine');

  const storages = new Map<string, Storage>();
  let room = bytes.length;
  const host = hostOf(refuse, bytes.length, (key, storage) => {
    const known = storages.get(key);
    if (known) return known;
    const content = contentOf(`data/${key}`, `storage ${key.slice(0, 32)}`);
    const needed = storage.length * widthOf(storage.dtype);
    if (content.length !== needed)
      throw refuse(`a storage of ${content.length} bytes where its tensors need ${needed}`);
    // Entries may lie over one another, and each storage is decoded by itself.
    room -= content.length;
    if (room < 0) throw refuse('storages that are together larger than the file');
    storage.bytes = content;
    storages.set(key, storage);
    return storage;
  });
  const { value } = reading(refuse, () => unpickle(contentOf('data.pkl', 'data.pkl'), 0, host));
  return { container: 'PyTorch zip', ...tensorsOf(value, refuse) };
}

/** First pickle of a legacy checkpoint, and the second (torch/serialization.py). */
const magic = 0x1950a86a20f9469cfc6cn;
const legacyProtocol = 1001;

/** Whether the bytes begin like a pickle of protocol 2 or later. */
export const isPickle = (bytes: Uint8Array): boolean => bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5;

/**
 * Reads a checkpoint of before PyTorch 1.6: pickles (magic number, version, machine, object, storage keys), storages.
 * @throws PipelineError BadFile
 */
export function readPytorchLegacy(bytes: Uint8Array, name: string): WeightsFile {
  const refuse = refusal(name, 'a checkpoint of PyTorch');
  const storages = new Map<string, Storage>();
  const host = hostOf(refuse, bytes.length, (key, storage) => {
    if (!storages.has(key)) storages.set(key, storage);
    return storages.get(key)!;
  });
  let at = 0;
  const next = () => {
    const { value, end } = reading(refuse, () => unpickle(bytes, at, host));
    at = end;
    return value;
  };
  if (next() !== magic) throw refuse('a pickle without the magic number of checkpoints', saveInstead);
  if (next() !== legacyProtocol) throw refuse('a checkpoint of an unknown version', saveInstead);
  const system = next();
  if (!(system instanceof Map) || system.get('little_endian') !== true)
    throw refuse('numbers that are not little-endian', 'save it on a little-endian machine');
  const root = next();
  const keys = next();
  if (!Array.isArray(keys)) throw refuse('no list of storages');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const key of keys as unknown[]) {
    const storage = storages.get(key as string);
    if (!storage || storage.bytes) throw refuse('a storage that no tensor views');
    if (at + 8 > bytes.length) throw refuse('an end before the last storage');
    const length = Number(view.getBigInt64(at, true));
    const end = at + 8 + length * widthOf(storage.dtype);
    if (length !== storage.length)
      throw refuse(`a storage of ${length} values where its tensors need ${storage.length}`);
    if (end > bytes.length) throw refuse('an end before the last storage');
    storage.bytes = bytes.subarray(at + 8, end);
    at = end;
  }
  if ([...storages.values()].some((storage) => !storage.bytes)) throw refuse('tensors without their storage');
  return { container: 'PyTorch legacy', ...tensorsOf(root, refuse) };
}
