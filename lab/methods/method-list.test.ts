import { describe, expect, it } from 'vitest';
import type { Method } from './method.ts';
import { familyOf, METHODS, methodNamed } from './method-list.ts';
import { madeFeatures } from './testing.ts';

const PLAIN = METHODS.filter(({ needs }) => !needs.includes('gradients') && !needs.includes('sentence'));

const named = (methods: readonly Method[]) => methods.map((method) => [method.name, method] as const);

describe.each(named(PLAIN))('%s', (_name, method) => {
  it('scores every row for every output with a number, the same each time', () => {
    for (const seed of [1, 2, 3]) {
      const features = madeFeatures({ seed, rows: 9, outputs: 4 });
      const { byOutput } = method.scores(features);
      expect(byOutput.map(({ length }) => length)).toEqual([9, 9, 9, 9]);
      for (const scores of byOutput) expect(scores.every((score) => Number.isFinite(score))).toBe(true);
      expect(method.scores(madeFeatures({ seed, rows: 9, outputs: 4 })).byOutput).toEqual(byOutput);
    }
  });
});

describe.each(named(PLAIN.filter(({ name }) => name !== 'random')))('%s', (_name, method) => {
  it('scores rows of the same content the same', () => {
    const features = madeFeatures({ rows: 2, outputs: 1 });
    const twice = <T>(values: readonly T[]): T[] => [values[0], values[0]];
    const doubled = (from: { readonly dims: number; readonly values: Float32Array }) => {
      const first = from.values.subarray(0, from.dims);
      return { dims: from.dims, values: Float32Array.from([...first, ...first]) };
    };
    const { rows } = features;
    const layers = new Map(
      [...rows.layers].map(([layer, { hidden, gradient }]) => [
        layer,
        { hidden: doubled(hidden), gradient: doubled(gradient) },
      ]),
    );
    const same = {
      ...{ ...rows, layers, meanHidden: doubled(rows.meanHidden) },
      ...{ prompts: twice(rows.prompts), responses: twice(rows.responses), lessons: twice(rows.lessons) },
      beginnings: twice(rows.beginnings),
    };
    const [[first, second]] = method.scores({ ...features, rows: same }).byOutput;
    expect(first).toBe(second);
  });
});

it('draws chance anew for each output', () => {
  const [first, second] = methodNamed('random').scores(madeFeatures({ outputs: 2 })).byOutput;
  expect(first).not.toEqual(second);
});

describe('the list of methods', () => {
  it('has a name of its own for each, fit for options and tables', () => {
    const names = METHODS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  });

  it('says what each is and whose', () => {
    for (const { title, source } of METHODS) {
      expect(title).not.toBe('');
      expect(source).not.toBe('');
    }
  });

  it('knows the family of each, by what it looks at', () => {
    const families = (of: readonly string[]) => of.map((name) => familyOf(name));
    expect(families(['taught', 'rept-unit', 'ratio'])).toEqual([
      'likelihood',
      'representations',
      'likelihood',
    ]);
    for (const { name, needs } of METHODS)
      expect([name, familyOf(name) === 'gradients']).toEqual([name, needs.includes('gradients')]);
    // Names that begin like another family's.
    expect(families(['gradient', 'taught-2'])).toEqual(['representations', undefined]);
  });

  it('finds one by its name, or tells the names', () => {
    expect(methodNamed('taught').name).toBe('taught');
    expect(() => methodNamed('BM25')).toThrow(
      expect.objectContaining({
        code: 'INPUT_INVALID',
        remedy: expect.stringContaining('bm25-both') as string,
      }),
    );
  });
});
