import { describe, expect, it } from 'vitest';
import type { OpenIndex } from '../../../lib/mesh/index-messages.ts';
import type { TaughtToken } from '../../../lib/taught/lesson.ts';
import { checkQuestion, type AskedQuestion } from './check-question.ts';
import { chooseMethod, settleMethod } from './choose-method.ts';

const without = { name: 'birds', manifest: { taught: null } } as OpenIndex;
const withBase = { name: 'birds', manifest: { taught: {} } } as OpenIndex;
const chosen = (index: OpenIndex, asked: Omit<AskedQuestion, 'output'> = {}) =>
  chooseMethod(checkQuestion({ output: 'no', prompt: 'yes?', ...asked }), index);

describe('chooseMethod', () => {
  it('goes by the taught words where the index has a base model', () => {
    expect(chosen(withBase)).toEqual({
      ...{ method: 'TAUGHT', reason: 'the index has a base model', alpha: null },
    });
  });

  it('goes by the paper’s signature where it has none', () => {
    expect(chosen(without)).toEqual({
      ...{ method: 'REPT', reason: 'the index has no base model', alpha: 0.5 },
    });
  });

  it('takes alpha to mean the paper’s signature', () => {
    for (const index of [withBase, without]) {
      expect(chosen(index, { alpha: 0.2 })).toEqual({
        ...{ method: 'REPT', reason: 'alpha was given', alpha: 0.2 },
      });
    }
  });

  it.each(['TAUGHT', 'REPT', 'RAW'] as const)('does as asked: %s', (method) => {
    expect(chosen(withBase, { method })).toEqual({
      ...{ method, reason: 'asked for', alpha: method === 'REPT' ? 0.5 : null },
    });
  });

  it('refuses TAUGHT where there is no base model, naming the index and what to do', () => {
    const ask = () => chosen(without, { method: 'TAUGHT' });
    expect(ask).toThrow(
      expect.objectContaining({
        code: 'INPUT_INVALID',
        message: expect.stringContaining('birds') as string,
        remedy: expect.stringContaining('reptrace index build --base DIR') as string,
      }) as Error,
    );
  });

  it('stays with TAUGHT where that was asked for, and says why all scores are 0 where no word was taught', () => {
    const question = checkQuestion({ output: 'no', prompt: 'yes?', method: 'TAUGHT' });
    const method = chooseMethod(question, withBase);
    expect(settleMethod(method, question, [[], []], false)).toMatchObject({
      ...{ method: 'TAUGHT', reason: expect.stringContaining('all scores are 0') as string },
    });
    expect(settleMethod(method, question, [[], []], true)).toMatchObject({
      ...{ method: 'TAUGHT', reason: expect.stringContaining('only where it begins counts') as string },
    });
    const word = { position: 1, weight: 2 } as unknown as TaughtToken;
    expect(settleMethod(method, question, [[], [word]], true)).toBe(method);
  });

  it('goes by the gradient alone without a prompt', () => {
    expect(chosen(without, { prompt: null })).toMatchObject({ method: 'REPT', alpha: 0 });
    const question = checkQuestion({ output: 'no' });
    const settled = settleMethod(chooseMethod(question, withBase), question, [[]], false);
    expect(settled).toMatchObject({ method: 'REPT', alpha: 0 });
  });
});
