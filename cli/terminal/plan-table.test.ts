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

const tableOf = (plan: PlanResult): string => planTable(plan, 'models/\x1b[2Jbase');

describe('planTable', () => {
  it('tells what would be done, and what it takes', () => {
    expect(tableOf(PLAN)).toBe(
      [
        'would do    a new index',
        'rows        5000 rows: 4990 to sign, 10 cannot be read',
        'tokens      about 1.23 M (of 200 rows: mean 247, 95 % up to 512, longest 512, 12 % lose their tail)',
        'base        models/·[2Jbase',
        'layers      auto: one of 16 to 29; time is for 16',
        'memory      269 MB of weights, up to 512 MB of activations',
        'time        1h00m to 2h01m on some GPU',
        '            3.2 PFLOP at 450 GFLOP/s, the speed of a short trial of one block',
        'store       about 23.5 MB more',
      ].join('\n'),
    );
  });

  it('says what is not known for sure, what fails, and what is streamed', () => {
    const table = tableOf({
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
    expect(table).toContain('a few seconds on some GPU');
    expect(table).toContain('the speed of its last batches');
  });

  it('says no more than that nothing is to do where it is so', () => {
    const table = tableOf({ ...PLAN, action: 'NOTHING' });
    expect(table.split('\n')).toHaveLength(2);
    expect(table).toContain('everything is indexed already');
  });

  it.each([
    [{ toSign: 0 }, 4],
    [{ flops: 0, tokens: { ...PLAN.tokens, total: 0, sampled: 0 } }, 4],
  ])('says that nothing is to compute, without times and speeds of nothing: %j', (change, most) => {
    const table = tableOf({ ...PLAN, ...change, seconds: { ...PLAN.seconds, low: 0, high: 2 } });
    expect(table).toMatch(/^time {8}nothing to compute$/m);
    expect(table).not.toMatch(/FLOP|\b0s\b|some GPU/);
    expect(table.split('\n').length).toBeLessThanOrEqual(most);
  });

  it('gives no time of 0 seconds', () => {
    const times = (low: number, high: number): string =>
      tableOf({ ...PLAN, seconds: { ...PLAN.seconds, low, high } });
    expect(times(0, 2)).toMatch(/^time {8}a few seconds on some GPU$/m);
    expect(times(0.2, 9)).toMatch(/^time {8}up to 9s on some GPU$/m);
    expect(times(8, 8.1)).toMatch(/^time {8}about 8s on some GPU$/m);
  });

  it('folds rows that fail for one reason, and says how many more there are', () => {
    const failures = Array.from({ length: 20 }, (_, i) => ({
      ...{ row: i, line: i + 1, code: 'DATASET_INVALID' as const },
      reason: i === 4 ? 'there is no "prompt"' : 'not JSON',
    }));
    const table = tableOf({ ...PLAN, failures, unreadable: 21 });
    expect(table).toContain('19 rows like this, from row 0 (line 1) on: not JSON [DATASET_INVALID]\n');
    expect(table).toContain('row 4 (line 5): there is no "prompt" [DATASET_INVALID]\n');
    expect(table).toContain('… and 1 row more that cannot be read\n');
    expect(tableOf({ ...PLAN, failures, unreadable: 20 })).not.toContain('…');
  });

  it('speaks of samples where rows do not give one each', () => {
    const table = tableOf({
      ...{ ...PLAN, rows: 9, sourceRows: 3, summary: '9 samples of 3 rows: 9 to sign' },
      ...{ failures: [{ row: 7, line: null, code: 'INPUT_INVALID', reason: 'too long' }], unreadable: 0 },
      tokens: { ...PLAN.tokens, sampled: 9 },
    });
    expect(table).toMatch(/^samples {5}9 samples of 3 rows/m);
    expect(table).toContain('(of 9 samples: mean');
    expect(table).toContain('sample 7: too long');
  });
});
