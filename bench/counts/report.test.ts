import { expect, it } from 'vitest';
import { summaryOf, summaryTable } from './report.ts';

it('adds up both sides, and tells how many times the least is moved', () => {
  const dispatch = { shader: 'a', key: 'a', work: 1, read: 3e6, written: 1e6 };
  const summary = summaryOf('backward', [dispatch, dispatch, dispatch], {
    fused: [{ name: 'all', read: 4e6, written: 2e6 }],
    bytes: { read: 2e6, written: 1e6 },
  });
  expect(summary).toEqual({
    ...{ way: 'backward', dispatches: 3, fusedDispatches: 1, bytes: 12e6, bytesRead: 9e6 },
    ...{ fusedBytes: 6e6, leastBytes: 3e6, leastBytesRead: 2e6 },
  });
  const row = summaryTable([summary]).split('\n')[2];
  expect(row.split('|').map((cell) => cell.trim())).toEqual([
    '',
    'backward',
    '3',
    '1',
    '3',
    '12',
    '6',
    '3',
    '4',
    '9',
    '2',
    '4.5',
    '',
  ]);
});
