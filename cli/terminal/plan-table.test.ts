import { describe, expect, it } from 'vitest';
import type { PlanResult } from '../client/results.ts';
import { planTable } from './plan-table.ts';

const PLAN: PlanResult = {
  action: 'CREATE',
  summary: '5000 rows: 4990 to sign, 10 cannot be read',
  ...{
    rows: 5000,
    rowsExact: true,
    sourceRows: 5000,
    unreadable: 10,
    kept: 0,
    toSign: 4990,
    refusedShare: 0,
  },
  failures: [],
  tokens: { total: 1_234_567, sampled: 200, mean: 247.4, p95: 512, max: 512, truncatedShare: 0.124 },
  layers: { layers: [16, 29], decided: false },
  memory: {
    ...{ weights: 269e6, weightsAtOnce: 269e6, activations: 512e6, available: null, mode: 'RESIDENT' },
  },
  flops: 3.2e15,
  seconds: { low: 3600, high: 7300, flopsPerSecond: 4.5e11, speedOf: 'TRIAL' },
  storeBytes: 23_456_789,
  gpu: 'some GPU',
};

describe('planTable', () => {
  it('tells what would be done, and what it takes', () => {
    expect(planTable(PLAN)).toBe(
      [
        'would do    a new index',
        'rows        5000 rows: 4990 to sign, 10 cannot be read',
        'tokens      about 1.23 M (of 200 rows: mean 247, 95 % up to 512, longest 512, 12 % lose their tail)',
        'layers      auto: one of 16 to 29; time is for 16',
        'memory      269 MB of weights, up to 512 MB of activations',
        'time        1h00m to 2h01m on some GPU',
        '            3.2 PFLOP at 450 GFLOP/s, the speed of a short trial of one block',
        'store       about 23.5 MB more',
      ].join('\n'),
    );
  });

  it('says what is not known for sure, what fails, and what is streamed', () => {
    const table = planTable({
      ...PLAN,
      ...{ action: 'ADD_ROWS', rowsExact: false, refusedShare: 0.004 },
      failures: [
        { row: 3, line: 4, code: 'DATASET_INVALID', reason: 'no \x1b[31mJSON' },
        { row: 9, line: null, code: 'INPUT_INVALID', reason: 'no token is left' },
      ],
      layers: { layers: [3, 5], decided: true },
      memory: { weights: 14e9, weightsAtOnce: 900e6, activations: 2e9, available: 4e9, mode: 'STREAMED' },
      seconds: { low: 1, high: 1.2, flopsPerSecond: 1e9, speedOf: 'BATCHES' },
    });
    expect(table).toContain('adds rows to the index of this name');
    expect(table).toContain('(not read to the end)');
    expect(table).toContain('less than 1 % of them the model cannot take');
    expect(table).toMatch(/row 3 \(line 4\): no .*JSON \[DATASET_INVALID\]/);
    expect(table).not.toContain('\x1b');
    expect(table).toContain('row 9: no token is left [INPUT_INVALID]');
    expect(table).toContain('layers      3, 5\n');
    expect(table).toContain(
      '900 MB of 14.0 GB of weights at a time (streamed), up to 2.0 GB of activations of the 4.0 GB',
    );
    expect(table).toContain('about 1s on some GPU');
    expect(table).toContain('the speed of its last batches');
  });

  it('says no more than that nothing is to do where it is so', () => {
    const table = planTable({ ...PLAN, action: 'NOTHING' });
    expect(table.split('\n')).toHaveLength(2);
    expect(table).toContain('everything is indexed already');
  });
});
