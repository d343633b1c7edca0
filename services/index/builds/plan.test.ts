import { describe, expect, it } from 'vitest';
import { buildRequest, parseLayers } from './build-request.ts';
import { planOf } from './plan.ts';
import { clean, filterOf } from './sample-filter.ts';

describe('a plan', () => {
  it('says what is there and what will be done', () => {
    expect(planOf({ rows: 200, bad: 0, stored: 150, erased: 0, failed: 0 })).toEqual({
      total: 200,
      kept: 150,
      toSign: 50,
      summary: '200 rows: 150 are indexed already, 50 to sign',
    });
    expect(planOf({ rows: 10, bad: 1, stored: 6, erased: 2, failed: 1 }).summary).toBe(
      '10 rows: 6 are indexed already, nothing to sign, 1 cannot be read, 1 cannot be signed, 2 were erased and stay out',
    );
    expect(planOf({ rows: 3, bad: 0, stored: 0, erased: 0, failed: 0 }).summary).toBe('3 rows: 3 to sign');
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

  it('has its layers in ascending order', () => {
    expect([parseLayers('auto'), parseLayers('8, 4'), parseLayers('0')]).toEqual(['auto', [4, 8], [0]]);
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
