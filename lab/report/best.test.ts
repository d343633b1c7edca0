import { describe, expect, test } from 'vitest';
import { bestOf } from './best.ts';
import { summariesOf, type Summary } from './summary.ts';
import { figure, method, seed, set } from './testing.ts';

/** Outputs differ much, methods little. */
const OUTPUTS = Array.from({ length: 40 }, (_, i) => 0.4 + (i % 7) / 10);

type ByMethod = Readonly<Record<string, readonly number[]>>;

function summaries(...seeds: readonly ByMethod[]): Summary[] {
  const methodsOf = (by: ByMethod) =>
    Object.entries(by).map(([name, apByOutput]) => {
      const mean = apByOutput.reduce((sum, ap) => sum + ap, 0) / apByOutput.length;
      const made = method(name, name, mean);
      return { ...made, apByOutput, figures: { ...made.figures, ap: figure(mean, 0.15) } };
    });
  return summariesOf(
    set(
      'swap',
      seeds.map((by, i) => seed(methodsOf(by), { seed: i + 1 })),
    ),
  );
}

describe('best methods', () => {
  test('a small difference that each output shows is one, however wide the intervals', () => {
    const all = summaries({ a: OUTPUTS, b: OUTPUTS.map((ap) => ap - 0.1) });
    const best = bestOf([all], all);
    expect([...best.methods]).toEqual(['a']);
    expect(best.standing('b')?.difference.mean).toBeCloseTo(-0.1, 12);
  });

  test('a method that is ahead on some outputs as often as behind on others ties', () => {
    const all = summaries({ a: OUTPUTS, b: OUTPUTS.map((ap, i) => ap + (i % 2 === 0 ? 0.2 : -0.21)) });
    expect([...bestOf([all], all).methods]).toEqual(['a', 'b']);
  });

  test('are told by the intervals where the outputs of two methods are not the same', () => {
    const all = summaries({
      a: OUTPUTS,
      b: OUTPUTS.slice(1).map((ap) => ap - 0.1),
      c: OUTPUTS.map((ap) => ap - 0.3),
    });
    const best = bestOf([all], all);
    expect([...best.methods]).toEqual(['a', 'b']);
    expect(best.standing('a')).toBeUndefined();
  });

  test('a difference that one of two models shows alone is none: their outputs are no one heap', () => {
    const behind = OUTPUTS.map((ap) => ap - 0.3);
    const ahead = OUTPUTS.map((ap) => ap + 0.1);
    const all = summaries({ a: OUTPUTS, b: behind }, { a: OUTPUTS, b: ahead });
    const best = bestOf([all], all);
    expect([...best.methods]).toEqual(['a', 'b']);
    expect(best.standing('b')?.difference).toMatchObject({
      low: expect.closeTo(-0.3, 12) as number,
      high: expect.closeTo(0.1, 12) as number,
    });
  });

  test('are told by the intervals where two were measured with models of other seeds', () => {
    const [both, second] = [{ a: OUTPUTS, b: OUTPUTS }, { b: OUTPUTS }];
    const all = summaries(both, second);
    expect(bestOf([all], all).standing('b')).toBeUndefined();
  });

  test('over sets are those with the best mean, each set counting the same', () => {
    const few = summaries({ a: OUTPUTS.slice(0, 4), b: OUTPUTS.slice(0, 4).map((ap) => ap + 0.2) });
    const many = summaries({ a: OUTPUTS, b: OUTPUTS.map((ap) => ap - 0.1) });
    expect([...bestOf([few, many], few).methods]).toEqual(['b']);
  });
});
