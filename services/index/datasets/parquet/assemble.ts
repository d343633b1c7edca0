/**
 * Rows out of columns: what stands apart in a column for each leaf is put together again, a row at a time (the record
 * assembly of the Dremel paper).
 */
import { BadValue, objectValue, type RowBudget } from '../binary-values.ts';
import type { JsonValue } from '../dataset.ts';
import { DISAGREE, type ColumnReader } from './column-reader.ts';
import type { LeafNode, ListNode, MapNode, Node, StructNode } from './schema.ts';

/**
 * The value of the row at hand; its columns are then at the next row.
 * Throws BadValue, with the columns anywhere in the row; an Error where columns do not agree.
 */
export function readValue(node: Node, columns: readonly ColumnReader[], budget: RowBudget): JsonValue {
  const definition = columns[node.from].definition;
  if (definition === undefined) throw new Error(DISAGREE);
  if (definition < node.present) {
    passAll(node, columns);
    budget.spend();
    return null;
  }
  switch (node.kind) {
    case 'leaf':
      return leafValue(node, columns, budget);
    case 'struct':
      budget.spend();
      return structValue(node, columns, budget);
    case 'list': {
      budget.spend();
      const items: JsonValue[] = [];
      eachItem(node, columns, () => items.push(readValue(node.item, columns, budget)));
      return items;
    }
    case 'map':
      budget.spend();
      return mapValue(node, columns, budget);
  }
}

function leafValue(node: LeafNode, columns: readonly ColumnReader[], budget: RowBudget): JsonValue {
  return node.read(columns[node.from].take(), budget);
}

function structValue({ fields }: StructNode, columns: readonly ColumnReader[], budget: RowBudget): JsonValue {
  return objectValue(fields.map(({ name, node }) => [name, readValue(node, columns, budget)]));
}

function mapValue(node: MapNode, columns: readonly ColumnReader[], budget: RowBudget): JsonValue {
  const entries = new Map<string, JsonValue>();
  eachItem(node, columns, () => {
    const key = readValue(node.key, columns, budget);
    const value = readValue(node.value, columns, budget);
    if (typeof key === 'object') throw new BadValue('a key of a map is no text');
    if (entries.size === entries.set(String(key), value).size) throw new BadValue('a key is given twice');
  });
  return objectValue(entries);
}

function eachItem(node: ListNode | MapNode, columns: readonly ColumnReader[], read: () => void): void {
  const first = columns[node.from];
  if ((first.definition ?? 0) < node.definition) {
    passAll(node, columns);
    return;
  }
  do read();
  while (first.repetition === node.repetition);
}

/** Each column has one entry where there is nothing. */
function passAll({ from, to }: Node, columns: readonly ColumnReader[]): void {
  for (let leaf = from; leaf < to; leaf++) columns[leaf].pass();
}
