import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { filterOptions, rowsOf, sampleFilter, type FilterOptions } from './filter-options.ts';

function parsed(...args: string[]): Record<string, unknown> | undefined {
  const command = filterOptions(new Command()).exitOverride();
  command.parse(args, { from: 'user' });
  return sampleFilter(command.opts<FilterOptions>());
}

describe('filterOptions', () => {
  it('gives no filter when nothing was asked for', () => {
    expect(parsed()).toBeUndefined();
  });

  it('takes options several times, values of one column as alternatives', () => {
    expect(
      parsed(
        '--label',
        'a',
        '--label',
        'b',
        '--where',
        'source=web',
        '--where',
        'source=book',
        '--where',
        'x=y=z',
      ),
    ).toEqual({
      labels: ['a', 'b'],
      withoutLabels: undefined,
      metadata: [
        { key: 'source', values: ['web', 'book'] },
        { key: 'x', values: ['y=z'] },
      ],
      rows: undefined,
    });
  });
});

describe('rowsOf', () => {
  it('reads numbers and ranges', () => {
    expect(rowsOf('3, 5,10-12')).toEqual([3, 5, 10, 11, 12]);
  });

  it.each(['', 'a', '5-3', '-1', '1.5', '0-999999999', '1,,2'])('refuses %j', (text) => {
    expect(() => rowsOf(text)).toThrow('expected rows');
  });
});
