/** A graph of an ONNX model as convolutional networks use it: who makes a value, who takes it, what is constant in it. */
import { type OnnxAttribute, OnnxError, type OnnxGraph, type OnnxNode } from './onnx-model.ts';
import type { StoredTensor } from './stored-tensor.ts';

/** A convolution of the graph, with the batch norm after it. */
export interface Found {
  readonly node: OnnxNode;
  readonly norm?: OnnxNode;
  /** What it is applied to. */
  readonly input: string;
}

/** A node in messages. */
export const labelOf = ({ operator, name, outputs }: OnnxNode): string => `${operator} "${name || (outputs[0] ?? '')}"`;

/** Small integers with their shape. */
interface Integers {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Paddings and axes of five axes need ten; a damaged graph could ask for any number. */
const mostIntegers = 64;
/** Nodes in a row that exporters compute paddings with: seven. */
const longestChain = 16;
/** Copies in a row that are looked through; a damaged graph can have any number, or a circle of them. */
const mostCopies = 64;

export class Graph {
  readonly #producers = new Map<string, OnnxNode>();
  readonly #consumers = new Map<string, OnnxNode[]>();
  /** Integers by name; undefined also while they are computed, so that circles end. */
  readonly #computed = new Map<string, Integers | undefined>();

  constructor(readonly model: OnnxGraph) {
    for (const node of model.nodes) for (const output of node.outputs) this.#producers.set(output, node);
    for (const node of model.nodes) {
      if (node.operator === 'Identity') continue;
      for (const input of new Set(node.inputs.map((name) => this.resolve(name)))) {
        const known = this.#consumers.get(input);
        if (known) known.push(node);
        else this.#consumers.set(input, [node]);
      }
    }
  }

  /** The name that a value has before it is copied. */
  resolve(name: string): string {
    let found = name;
    for (let copies = 0; copies < mostCopies; copies++) {
      const node = this.#producers.get(found);
      if (node?.operator !== 'Identity') break;
      found = node.inputs[0] ?? '';
    }
    return found;
  }

  /** The node that makes a value; copies are looked through. */
  producer(name: string | undefined): OnnxNode | undefined {
    return this.#producers.get(this.resolve(name ?? ''));
  }

  /** The nodes that take a value or a copy of it. */
  consumers(name: string): readonly OnnxNode[] {
    return this.#consumers.get(this.resolve(name)) ?? [];
  }

  /** The constant of a name; copies are looked through. */
  tensorOf(name: string | undefined): StoredTensor | undefined {
    return name === undefined ? undefined : this.model.initialisers.get(this.resolve(name));
  }

  /** The convolution, with its batch norm, that makes a value. */
  convolution(name: string | undefined): Found | undefined {
    const node = this.producer(name);
    const norm = node?.operator === 'BatchNormalization' ? node : undefined;
    const convolution = norm ? this.producer(norm.inputs[0]) : node;
    if (convolution?.operator !== 'Conv') return undefined;
    return { node: convolution, input: convolution.inputs[0] ?? '', ...(norm ? { norm } : {}) };
  }

  /** What a ReLU is applied to. */
  beforeRelu(name: string | undefined): string | undefined {
    const node = this.producer(name);
    return node?.operator === 'Relu' ? node.inputs[0] : undefined;
  }

  /** Whether every number of a value is 0, whatever its shape. */
  isZero(name: string | undefined): boolean {
    const tensor = this.tensorOf(name);
    if (tensor) return tensor.values().every((value) => value === 0);
    const node = this.producer(name);
    if (node?.operator === 'Expand') return this.tensorOf(node.inputs[0]) !== undefined && this.isZero(node.inputs[0]);
    return node?.operator === 'ConstantOfShape' && fillOf(node) === 0;
  }

  /**
   * A parameter of a node that is an input in newer operator sets and an attribute in older ones.
   * @returns undefined where there is none
   * @throws OnnxError where it depends on more than constants
   */
  parameter(node: OnnxNode, input: number, attribute: string): readonly number[] | undefined {
    const name = node.inputs[input];
    if (!name) return node.attributes.get(attribute)?.integers;
    const found = this.#integers(name)?.values;
    if (!found) throw new OnnxError(`${labelOf(node)} with ${attribute} that are no constants`);
    return found;
  }

  /** Integers that are constant, or computed from constants as exporters compute paddings. */
  #integers(name: string, depth = longestChain): Integers | undefined {
    if (depth > 0 && !this.#computed.has(name)) {
      this.#computed.set(name, undefined);
      const found = this.#compute(name, depth);
      this.#computed.set(name, found && found.values.length > mostIntegers ? undefined : found);
    }
    return this.#computed.get(name);
  }

  #compute(name: string, depth: number): Integers | undefined {
    const tensor = this.tensorOf(name);
    if (tensor) {
      const size = tensor.shape.reduce((product, n) => product * n, 1);
      return size > mostIntegers ? undefined : { shape: tensor.shape, values: [...tensor.values()] };
    }
    const node = this.producer(name);
    if (!node) return undefined;
    const { inputs, operator, attributes } = node;
    if (operator === 'Constant') return constantOf(attributes);
    const values = inputs.map((input) => this.#integers(input, depth - 1));
    const [first, ...others] = values;
    if (!first || values.includes(undefined)) return undefined;
    const rest = (others as Integers[]).map((each) => each.values);
    switch (operator) {
      case 'Cast':
        return first;
      case 'Concat':
        return flat([...first.values, ...rest.flat()]);
      case 'ConstantOfShape': {
        const length = first.values.reduce((product, n) => product * n, 1);
        const values = Array.from({ length: Math.min(length, mostIntegers + 1) }, () => fillOf(node));
        return { shape: first.values, values };
      }
      case 'Reshape':
        return reshaped(first, rest[0]!);
      case 'Transpose':
        return transposed(first);
      case 'Slice':
        return reversed(first, rest);
      default:
        return undefined;
    }
  }
}

const flat = (values: readonly number[]): Integers => ({ shape: [values.length], values });

/** What ConstantOfShape repeats. */
const fillOf = ({ attributes }: OnnxNode): number => attributes.get('value')?.tensor?.values()[0] ?? 0;

function constantOf(attributes: ReadonlyMap<string, OnnxAttribute>): Integers | undefined {
  const [one, several] = [attributes.get('value_int')?.integer, attributes.get('value_ints')?.integers];
  if (one !== undefined) return { shape: [], values: [one] };
  return several && flat(several);
}

/** @param shape with at most one -1, which stands for what is left */
function reshaped({ values }: Integers, shape: readonly number[]): Integers | undefined {
  const known = shape.reduce((product, n) => (n === -1 ? product : product * n), 1);
  const full = shape.map((n) => (n === -1 ? values.length / known : n));
  const fits = full.every(Number.isInteger) && full.reduce((product, n) => product * n, 1) === values.length;
  return fits ? { shape: full, values } : undefined;
}

/** The transpose of a table. */
function transposed({ shape, values }: Integers): Integers | undefined {
  const [rows, columns] = shape;
  if (shape.length !== 2) return undefined;
  const turned = Array.from(
    { length: values.length },
    (_, i) => values[(i % rows!) * columns! + Math.floor(i / rows!)]!,
  );
  return { shape: [columns!, rows!], values: turned };
}

/** A table with its rows in reverse order, the only slice that paddings need. */
function reversed({ shape, values }: Integers, [starts, ends, axes, steps]: readonly (readonly number[])[]) {
  const [rows, columns] = shape as [number, number];
  const backwards = `${starts}` === '-1' && ends !== undefined && ends[0]! < -mostIntegers && `${steps}` === '-1';
  if (shape.length !== 2 || !backwards || `${axes}` !== '0') return undefined;
  const table = Array.from({ length: rows }, (_, row) => values.slice(row * columns, (row + 1) * columns));
  return { shape, values: table.reverse().flat() };
}
