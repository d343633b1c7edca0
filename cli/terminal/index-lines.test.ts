import { describe, expect, it } from 'vitest';
import { ALL_NEW } from '../../lib/taught/all-new.ts';
import { METHOD } from '../../lib/taught/constants.ts';
import type { IndexResult, ProgressResult } from '../client/results.ts';
import { indexSummary, progressLine } from './index-lines.ts';

const progress: ProgressResult = {
  ...{ cursor: '1', state: 'RUNNING', done: 6, total: 12, failed: 0 },
  ...{ samplesPerSecond: 3.14, etaSeconds: 75, waiting: null },
};
const index: IndexResult = {
  ...{ id: 'i', name: 'notes', state: 'COMPLETED', createdAt: '', samples: 12, plan: null },
  ...{ progress, model: null, manifest: null, error: null, failures: [] },
  dataset: { path: '/rows.jsonl', digest: null, rows: 12 },
};

describe('progressLine', () => {
  it('shows counts, speed and time left', () => {
    expect(progressLine(progress)).toBe(`${'█'.repeat(12)}${'░'.repeat(12)} 6/12  3.1 samples/s  1m15s left`);
  });

  it('says what a build waits for, in plain text', () => {
    const waiting = { code: 'STORE_UNREACHABLE', message: 'Qdrant\x1b[2J is away', remedy: '' } as const;
    expect(progressLine({ ...progress, waiting })).toMatch(
      /6\/12 .* {2}waiting: Qdrant·\[2J is away \[STORE_UNREACHABLE\]$/,
    );
    expect(progressLine({ ...progress, state: 'QUEUED', waiting })).toMatch(/^queued … {2}waiting: Qdrant/);
  });

  it('says what takes its time without a code: nothing is wrong', () => {
    const waiting = { code: 'NOT_YET', message: 'the models are being compared', remedy: '' } as const;
    expect(progressLine({ ...progress, waiting })).toMatch(/6\/12 .* {2}the models are being compared$/);
  });
});

describe('indexSummary', () => {
  it('counts one sample and one row as one', () => {
    const failures = [{ row: 3, line: 4, code: 'DATASET_INVALID', reason: 'broken' }] as const;
    const summary = indexSummary({ ...index, samples: 1, progress: { ...progress, failed: 1 }, failures });
    expect(summary).toContain('1 sample  i');
    expect(summary).toContain('1 row has no signature:\n    row 3 (line 4): broken [DATASET_INVALID]');
  });

  it('says which model and adapter it is of, in plain text', () => {
    const model = { path: '/models/\x1b[2Jbase', adapter: '/models/lora' };
    const summary = indexSummary({ ...index, manifest: { model } });
    expect(summary).toContain('\n  model /models/·[2Jbase  with the adapter /models/lora');
    const alone = indexSummary({ ...index, manifest: { model: { ...model, adapter: null } } });
    expect(alone).not.toContain('adapter');
  });

  it('says which base model what was taught is measured against, or that there is none', () => {
    const base = { path: '/models/\x1b[2Jbase', digest: 'abcdef0123456789' };
    const lines = (taught: { base: typeof base; method: string } | null): string =>
      indexSummary({ ...index, manifest: { taught: taught && { ...taught, nullRatios: [0] } } });
    expect(lines({ base, method: METHOD })).toContain('\n  base /models/·[2Jbase  abcdef012345');
    expect(lines({ base, method: METHOD })).not.toContain('CONFLICT');
    expect(lines(null)).toContain('\n  no base model: traces go without a verdict');
    expect(indexSummary(index)).not.toContain('base');
  });

  it('warns where rows cannot be added as it would be built today, and says how to go on', () => {
    const model = { path: '/m', adapter: '/lora' };
    const older = indexSummary({ ...index, manifest: { model } });
    expect(older).toContain('\n  to add rows, give --no-base (a CONFLICT otherwise), or build it anew');
    const base = { path: '/m', digest: 'abcdef0123456789' };
    const of = (method: string): string =>
      indexSummary({ ...index, manifest: { model, taught: { base, method, nullRatios: [0] } } });
    const other = of('taught 0');
    expect(other).toContain(`made by the method "taught 0", and this version has "${METHOD}"`);
    expect(other).toContain('CONFLICT\n  add them with the version that built it, or build it anew');
    expect(indexSummary({ ...index, manifest: { model: { ...model, adapter: null } } })).not.toContain('add');
    const before = of('taught 1');
    expect(before).toContain(
      `made by the method "taught 1", with whose score it is searched; for that of "${METHOD}"`,
    );
    expect(before).not.toContain('CONFLICT');
    expect(of(METHOD)).not.toContain('made by');
  });

  it('warns where the base model knows nothing of the data, and says what to do', () => {
    const base = { path: '/m', digest: 'abcdef0123456789' };
    const of = (nullRatios: readonly number[]): string =>
      indexSummary({ ...index, manifest: { taught: { base, method: METHOD, nullRatios } } });
    const warning = `\n  ${ALL_NEW}\n  Name an earlier, trusted fine-tune as --base.`;
    const thrice = (middle: number): number[] => [-3, -3, -3, middle, middle, middle, 0.5, 0.5, 0.5];
    expect(of(thrice(-1))).toContain(warning);
    for (const ratios of [thrice(-0.9), []]) expect(of(ratios)).not.toContain(ALL_NEW);
  });

  it('says how many failures are not shown', () => {
    const summary = indexSummary({ ...index, progress: { ...progress, failed: 30 } });
    expect(summary).toContain('30 rows have no signature:\n    … and 30 more');
  });
});
