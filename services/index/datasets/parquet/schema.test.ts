import { expect, it } from 'vitest';
import { readSchema } from './schema.ts';
import { Struct } from './thrift.ts';

const [REQUIRED, REPEATED, LIST] = [0, 2, 3];
const element = (name: string, children: number, repetition = REQUIRED, converted?: number) =>
  new Struct({
    field_1: 6,
    field_3: repetition,
    field_4: Buffer.from(name),
    field_5: children,
    ...(converted === undefined ? {} : { field_6: converted }),
  });

const structs = (levels: number) => Array.from({ length: levels }, () => element('a', 1));
const lists = (levels: number) =>
  Array.from({ length: levels }, () => [
    element('a', 1, REQUIRED, LIST),
    element('list', 1, REPEATED),
  ]).flat();
/** As older files write them: the repeated group is the item, and here a list itself. */
const oldLists = (levels: number) =>
  Array.from({ length: levels }, () => element('array', 1, REPEATED, LIST));

it.each([
  ['structs', structs],
  ['lists', lists],
  ['lists of older files', (levels: number) => [element('a', 1, REQUIRED, LIST), ...oldLists(levels)]],
])('columns are nested in %s only so deep as a row may be written', (_what, nested) => {
  const schema = (levels: number) =>
    readSchema([element('root', 1), ...nested(levels), element('leaf', 0, REPEATED)]);
  expect(schema(12).leaves).toHaveLength(1);
  for (const levels of [80, 4000]) expect(() => schema(levels)).toThrow(/nested in more than/);
});

it('columns that claim more than there are, or come twice, are refused', () => {
  expect(() => readSchema([element('root', 2), element('a', 0)])).toThrow(/fewer than it says/);
  expect(() => readSchema([element('root', 2), element('a', 0), element('a', 0)])).toThrow(/twice/);
});
