/**
 * What a Parquet file's columns are: a tree of lists, maps, structs and leaves, with the definition and repetition levels at
 * which each is there (the Dremel paper's; apache/parquet-format, LogicalTypes.md for how lists and maps are written).
 */
import type { JsonValue } from '../dataset.ts';
import type { RowBudget } from '../binary-values.ts';
import { decodeUtf8 } from '../text-pieces.ts';
import { leafReader, type Raw } from './leaf-values.ts';
import type { Struct } from './thrift.ts';

interface Place {
  /** Its leaves are those numbered `from` to `to - 1`. */
  readonly from: number;
  readonly to: number;
  /** A lower definition level says that there is null here, or further up. */
  readonly present: number;
}

export interface LeafNode extends Place {
  readonly kind: 'leaf';
  read(raw: Raw, budget: RowBudget): JsonValue;
}

export interface StructNode extends Place {
  readonly kind: 'struct';
  readonly fields: readonly Field[];
}

/** `definition` and `repetition` are the levels of an item; a lower definition level says that the list is empty. */
export interface ListNode extends Place {
  readonly kind: 'list';
  readonly definition: number;
  readonly repetition: number;
  readonly item: Node;
}

export interface MapNode extends Place {
  readonly kind: 'map';
  readonly definition: number;
  readonly repetition: number;
  readonly key: Node;
  readonly value: Node;
}

export type Node = LeafNode | StructNode | ListNode | MapNode;

export interface Field {
  readonly name: string;
  readonly node: Node;
}

export interface Leaf {
  readonly path: readonly string[];
  readonly type: number;
  /** Bytes of a value of FIXED_LEN_BYTE_ARRAY. */
  readonly width: number;
  readonly maxDefinition: number;
  readonly maxRepetition: number;
}

export interface Schema {
  readonly columns: readonly Field[];
  readonly leaves: readonly Leaf[];
}

const MAX_ELEMENTS = 10_000;
const MAX_LEAVES = 2000;
/** Names of a column and all that holds it, the two groups of each list among them. */
const MAX_PATH = 64;
const [OPTIONAL, REPEATED] = [1, 2];
/** Numbers of converted types, and the fields of a logical type. */
const CONVERTED = { map: 1, mapKeyValue: 2, list: 3 } as const;
const LOGICAL = { map: 2, list: 3 } as const;

/** Throws an Error that says what is wrong with it. */
export function readSchema(elements: readonly Struct[]): Schema {
  if (elements.length > MAX_ELEMENTS) throw new Error(`it has more than ${MAX_ELEMENTS} columns`);
  const builder = new Builder(elements);
  const columns = builder.fields(builder.next(), [], 0, 0);
  return { columns, leaves: builder.leaves };
}

class Builder {
  readonly #elements: readonly Struct[];
  #at = 0;
  readonly leaves: Leaf[] = [];

  constructor(elements: readonly Struct[]) {
    this.#elements = elements;
  }

  next(): Struct {
    const element = this.#elements[this.#at++];
    if (element === undefined) throw new Error('its columns are fewer than it says');
    return element;
  }

  fields(parent: Struct, path: readonly string[], definition: number, repetition: number): Field[] {
    const fields: Field[] = [];
    const names = new Set<string>();
    for (let i = childrenOf(parent); i > 0; i--) {
      const element = this.next();
      const name = nameOf(element);
      if (names.size === names.add(name).size)
        throw new Error(`it has the column ${name.slice(0, 60)} twice`);
      fields.push({ name, node: this.node(element, [...path, name], definition, repetition) });
    }
    return fields;
  }

  /** @param definition of what holds it, as `repetition` is */
  node(element: Struct, path: readonly string[], definition: number, repetition: number): Node {
    const kind = element.int(3);
    if (kind !== REPEATED)
      return this.#body(element, path, definition + Number(kind === OPTIONAL), repetition);
    // A list without the groups that say so.
    const from = this.leaves.length;
    const item = this.#body(element, path, definition + 1, repetition + 1);
    return this.#list(from, definition, repetition, item);
  }

  #body(element: Struct, path: readonly string[], present: number, repetition: number): Node {
    if (path.length > MAX_PATH) throw new Error(`its columns are nested in more than ${MAX_PATH} levels`);
    const from = this.leaves.length;
    if (childrenOf(element) === 0) return this.#leaf(element, path, present, repetition);
    const [inner] = this.#elements.slice(this.#at, this.#at + 1);
    const wraps = childrenOf(element) === 1 && inner?.int(3) === REPEATED;
    if (wraps && isList(element)) {
      this.next();
      const item = this.#item(element, inner, path, present + 1, repetition + 1);
      return this.#list(from, present, repetition, item);
    }
    if (wraps && isMap(element) && childrenOf(inner) === 2) {
      this.next();
      const [key, value] = this.fields(inner, [...path, nameOf(inner)], present + 1, repetition + 1);
      return {
        ...{ kind: 'map', from, to: this.leaves.length, present },
        ...{ definition: present + 1, repetition: repetition + 1, key: key.node, value: value.node },
      };
    }
    const fields = this.fields(element, path, present, repetition);
    return { kind: 'struct', from, to: this.leaves.length, present, fields };
  }

  /** The repeated group of a list mostly stands for nothing; in older files it is the item itself. */
  #item(list: Struct, group: Struct, path: readonly string[], definition: number, repetition: number): Node {
    const name = nameOf(group);
    const within = [...path, name];
    const isItem = childrenOf(group) !== 1 || name === 'array' || name === `${nameOf(list)}_tuple`;
    if (isItem) return this.#body(group, within, definition, repetition);
    const element = this.next();
    return this.node(element, [...within, nameOf(element)], definition, repetition);
  }

  #list(from: number, present: number, repetition: number, item: Node): ListNode {
    const levels = { definition: present + 1, repetition: repetition + 1 };
    return { kind: 'list', from, to: this.leaves.length, present, ...levels, item };
  }

  #leaf(element: Struct, path: readonly string[], present: number, repetition: number): LeafNode {
    const from = this.leaves.length;
    if (from === MAX_LEAVES) throw new Error(`it has more than ${MAX_LEAVES} columns`);
    const type = element.int(1);
    if (type === undefined) throw new Error(`the column ${path.join('.').slice(0, 60)} has no type`);
    const width = element.int(2) ?? 0;
    this.leaves.push({ path, type, width, maxDefinition: present, maxRepetition: repetition });
    return { kind: 'leaf', from, to: from + 1, present, read: leafReader(element, type) };
  }
}

function childrenOf(element: Struct): number {
  return element.int(5) ?? 0;
}

/** Names are shown and become keys. */
function nameOf(element: Struct): string {
  const name = decodeUtf8(element.bytes(4) ?? new Uint8Array(0));
  if (name === null) throw new Error('the name of a column is not UTF-8');
  return name;
}

function isList(element: Struct): boolean {
  return element.int(6) === CONVERTED.list || element.struct(10)?.has(LOGICAL.list) === true;
}

function isMap(element: Struct): boolean {
  const converted = element.int(6);
  return (
    converted === CONVERTED.map ||
    converted === CONVERTED.mapKeyValue ||
    element.struct(10)?.has(LOGICAL.map) === true
  );
}
