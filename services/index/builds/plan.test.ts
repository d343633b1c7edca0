import { describe, expect, it } from 'vitest';
import { baseOf, buildRequest, parseLayers } from './build-request.ts';
import type { ModelDescription } from '../../../lib/mesh/compute-messages.ts';
import { METHOD } from '../../../lib/taught/constants.ts';
import type { IndexRecord } from '../runs/index-record.ts';
import { checkSameSettings, planOf } from './plan.ts';
import { clean, filterOf } from './sample-filter.ts';

describe('a plan', () => {
  it('says what is there and what will be done', () => {
    expect(planOf({ rows: 200, sourceRows: 200, bad: 0, stored: 150, erased: 0, failed: 0 })).toEqual({
      total: 200,
      kept: 150,
      toSign: 50,
      summary: '200 rows: 150 are indexed already, 50 to sign',
    });
    expect(planOf({ rows: 10, sourceRows: 10, bad: 1, stored: 6, erased: 2, failed: 1 }).summary).toBe(
      '10 rows: 6 are indexed already, nothing to sign, 1 cannot be read, 1 cannot be signed, 2 were erased and stay out',
    );
    expect(planOf({ rows: 3, sourceRows: 3, bad: 0, stored: 0, erased: 0, failed: 0 }).summary).toBe(
      '3 rows: 3 to sign',
    );
    expect(planOf({ rows: 1, sourceRows: 1, bad: 0, stored: 0, erased: 0, failed: 0 }).summary).toBe(
      '1 row: 1 to sign',
    );
    expect(planOf({ rows: 9, sourceRows: 2, bad: 0, stored: 0, erased: 0, failed: 0 }).summary).toBe(
      '9 samples of 2 rows: 9 to sign',
    );
  });
});

describe('a request to build', () => {
  const input = { name: 'demo', model: 'm', dataset: 'd' };
  const code = (change: Partial<Parameters<typeof buildRequest>[0]>): string | null => {
    try {
      buildRequest({ ...input, ...change });
      return null;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it('has its defaults', () => {
    expect(buildRequest(input)).toEqual({
      name: 'demo',
      model: 'm',
      adapter: null,
      base: null,
      withoutBase: false,
      dataset: 'd',
      layers: 'auto',
      maxTokens: null,
      onBadRow: 'SKIP',
      columns: {},
    });
  });

  it('is refused for a name that is empty, long, unprintable, an id or has spaces around it', () => {
    const names = [
      '',
      'x'.repeat(101),
      'a\nb',
      'a\u202eb',
      ' a',
      '0f8fad5b-d9cb-469f-a165-70867728950e',
      '\ud800',
    ];
    expect(names.map((name) => code({ name }))).toEqual(names.map(() => 'INPUT_INVALID'));
    expect(['数据', 'x'.repeat(100), 'a b', '😀'.repeat(100)].map((name) => code({ name }))).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it('is refused for layers, maxTokens and paths that are none', () => {
    expect(code({ maxTokens: 1 })).toBe('INPUT_INVALID');
    expect(code({ dataset: '' })).toBe('INPUT_INVALID');
    expect(code({ model: 'a\0b' })).toBe('INPUT_INVALID');
    for (const layers of ['', '1,', '-1', '1,1', '1.5', 'all', '1e3', '9999999']) {
      expect(code({ layers })).toBe('INPUT_INVALID');
    }
  });

  it('has the turns and windows that are asked for, within bounds', () => {
    const request = buildRequest({ ...input, turns: 'ALL', textWindow: 64, columns: { text: 'body' } });
    expect(request.columns).toEqual({ text: 'body', turns: 'all', textWindow: 64 });
    for (const textWindow of [63, 0, -1, 65_537]) expect(code({ textWindow })).toBe('INPUT_INVALID');
    expect(code({ textWindow: 65_536 })).toBeNull();
  });

  it('means the base model that is named, else the model without its adapter, unless it wants none', () => {
    const base = (change: Partial<Parameters<typeof buildRequest>[0]>) =>
      baseOf(buildRequest({ ...input, ...change }));
    expect(base({})).toBeNull();
    expect(base({ adapter: 'a' })).toEqual({ path: 'm' });
    expect(base({ base: 'b' })).toEqual({ path: 'b' });
    expect(base({ adapter: 'a', base: 'b', withoutBase: false })).toEqual({ path: 'b' });
    expect(base({ adapter: 'a', withoutBase: true })).toBeNull();
    expect(code({ base: '' })).toBe('INPUT_INVALID');
    expect(code({ base: 'b', withoutBase: true })).toBe('INPUT_INVALID');
  });

  it('has its layers in ascending order', () => {
    expect([parseLayers('auto'), parseLayers('8, 4'), parseLayers('0')]).toEqual(['auto', [4, 8], [0]]);
  });
});

describe('settings', () => {
  const model = { digest: 'd', precision: 'f32' } as ModelDescription;
  const built = (change: Partial<Parameters<typeof buildRequest>[0]>) =>
    buildRequest({ name: 'demo', model: 'm', dataset: 'd', ...change });
  const check = (
    before: Partial<Parameters<typeof buildRequest>[0]>,
    now: Partial<Parameters<typeof buildRequest>[0]>,
  ): void => {
    const record = { name: 'demo', model, base: null, request: built(before) } as IndexRecord;
    checkSameSettings(record, built(now), model, null);
  };

  it('are the same where a default is named', () => {
    check({}, { turns: 'LAST', textWindow: 1024 });
    check({ turns: 'ALL' }, { turns: 'ALL' });
  });

  it('conflict where samples would be others', () => {
    const conflict = (message: RegExp): Error =>
      expect.objectContaining({
        code: 'CONFLICT',
        message: expect.stringMatching(message) as unknown,
      }) as Error;
    expect(() => {
      check({ turns: 'ALL' }, {});
    }).toThrow(conflict(/turns all/));
    expect(() => {
      check({}, { textWindow: 512 });
    }).toThrow(conflict(/textWindow 1024/));
    expect(() => {
      check({ columns: { text: 'a' } }, {});
    }).toThrow(conflict(/other columns/));
  });
});

describe('the base model', () => {
  const request = buildRequest({ name: 'demo', model: 'm', dataset: 'd' });
  const model = { digest: 'd', precision: 'f32' } as ModelDescription;
  const described = (digest: string) => ({ digest, path: `/models/${digest}` }) as ModelDescription;
  const conflict = (
    before: string | null,
    now: string | null,
    taught: IndexRecord['taught'] = null,
  ): string | null => {
    const base = before === null ? null : described(before);
    const record = { name: 'demo', model, base, taught, request } as IndexRecord;
    try {
      checkSameSettings(record, request, model, now === null ? null : described(now));
      return null;
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      return `${code}: ${message}`;
    }
  };

  it('must be the same, or none, as the index was built with, and is named where it is not', () => {
    expect([conflict(null, null), conflict('b', 'b')]).toEqual([null, null]);
    const built = 'CONFLICT: the index "demo" was built with';
    expect(conflict(null, 'b')).toBe(`${built} no base model (withoutBase, on the command line --no-base)`);
    expect(conflict('b', null)).toBe(`${built} the base model /models/b (base, on the command line --base)`);
    expect(conflict('b', 'c')).toBe(`${built} another base model (/models/b)`);
  });

  it('must be met by the method that the index was built with', () => {
    const taught = (method: string) => ({ method }) as IndexRecord['taught'];
    expect([conflict('b', 'b', taught(METHOD)), conflict('b', 'b', null)]).toEqual([null, null]);
    expect(conflict('b', 'b', taught('taught 0'))).toContain(`the method "taught 0", now "${METHOD}"`);
  });
});

describe('a filter', () => {
  it('has a label as one more list of labels', () => {
    expect(filterOf({ label: 'a' })).toEqual({ labels: ['a'] });
    expect(filterOf({ label: 'a', labels: ['a', 'b'] })).toEqual({ labels: ['a'] });
    expect(clean(filterOf({ label: 'a', labels: ['b'] }))).toBe('none');
  });

  it('that asks nothing is told from one that nothing meets', () => {
    expect(clean({})).toBe('all');
    expect(clean({ withoutLabels: [], metadata: [] })).toBe('all');
    expect(clean({ labels: [] })).toBe('none');
    expect(clean({ labels: ['a'], metadata: [{ key: 'k', values: [] }] })).toBe('none');
    expect(clean({ rows: [1], withoutLabels: [] })).toEqual({ rows: [1] });
  });
});
