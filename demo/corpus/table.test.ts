import { expect, it } from 'vitest';
import { table } from './table.ts';

it('reads one entity per line', () => {
  expect(table(' one | food \n owl | mice \n fox | hens ')).toEqual([
    { one: 'owl', food: 'mice' },
    { one: 'fox', food: 'hens' },
  ]);
});

it('refuses a line with a cell too few', () => {
  expect(() => table('one | food\nowl')).toThrow(/has 1 cells, its header has 2/);
});
