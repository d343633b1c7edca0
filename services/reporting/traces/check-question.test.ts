import { describe, expect, it } from 'vitest';
import { checkQuestion, type AskedQuestion } from './check-question.ts';

const refusal = (asked: AskedQuestion): unknown => {
  try {
    checkQuestion(asked);
  } catch (error) {
    return error;
  }
  throw new Error('it was accepted');
};

describe('checkQuestion', () => {
  it('fills in what was left out', () => {
    expect(checkQuestion({ output: 'no', prompt: 'yes?' })).toEqual({
      ...{ index: null, questions: [{ context: [], output: 'no', prompt: 'yes?' }], top: 10 },
      ...{ method: null, alpha: null, tokens: true, filter: null, exact: false },
    });
  });

  it('lets an output without a prompt be traced by its gradient alone', () => {
    expect(checkQuestion({ output: 'no', alpha: 0 }).alpha).toBe(0);
    expect(refusal({ output: 'no', alpha: 0.5 })).toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('no prompt') as string,
    });
  });

  it.each([0, 1, 0.25])('takes alpha %d', (alpha) => {
    expect(checkQuestion({ output: 'no', prompt: '', alpha }).alpha).toBe(alpha);
  });

  it.each([-0.1, 1.1, NaN, Infinity])('refuses alpha %d', (alpha) => {
    expect(refusal({ output: 'no', prompt: '', alpha })).toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('alpha') as string,
    });
  });

  it.each(['TAUGHT', 'RAW'] as const)('refuses alpha with the method %s, which has none', (method) => {
    expect(checkQuestion({ output: 'no', prompt: '', method })).toMatchObject({ method, alpha: null });
    expect(refusal({ output: 'no', prompt: '', method, alpha: 0 })).toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining(method) as string,
    });
  });

  it('takes alpha with the method REPT', () => {
    const asked = { output: 'no', prompt: '', method: 'REPT', alpha: 0.2 } as const;
    expect(checkQuestion(asked)).toMatchObject({ method: 'REPT', alpha: 0.2 });
  });

  it('refuses the method RAW without a prompt, and no other', () => {
    expect(refusal({ output: 'no', method: 'RAW' })).toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('no prompt') as string,
    });
    expect(checkQuestion({ output: 'no', method: 'TAUGHT' }).method).toBe('TAUGHT');
    expect(checkQuestion({ output: 'no', method: 'REPT' }).method).toBe('REPT');
  });

  it.each([0, -1, 1001, 1e9, 1.5])('refuses top %d', (top) => {
    expect(refusal({ output: 'no', top })).toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('top') as string,
    });
  });

  it('names the output that is empty', () => {
    expect(refusal({ output: ' \n' })).toMatchObject({ message: 'output is empty.' });
    expect(refusal({ output: 'a', outputs: ['b', ''] })).toMatchObject({ message: 'outputs[1] is empty.' });
  });

  it('gives further outputs the prompt of the first, or their own', () => {
    const one = checkQuestion({ output: 'a', prompt: 'p', outputs: ['b'] });
    expect(one.questions).toEqual([
      { context: [], output: 'a', prompt: 'p' },
      { context: [], output: 'b', prompt: 'p' },
    ]);
    const other = checkQuestion({ output: 'a', prompt: 'p', outputs: ['b'], prompts: ['q'] });
    expect(other.questions[1]).toEqual({ context: [], output: 'b', prompt: 'q' });
    expect(refusal({ output: 'a', prompt: 'p', outputs: ['b'], prompts: [] })).toMatchObject({
      code: 'INPUT_INVALID',
    });
  });

  describe('with turns before the prompt', () => {
    const system = { role: 'system', content: 's' } as const;
    const user = { role: 'user', content: 'u' } as const;
    const assistant = { role: 'assistant', content: 'a' } as const;

    it('takes the last of them as the prompt where none is given', () => {
      const question = checkQuestion({ output: 'no', context: [system, user] });
      expect(question.questions).toEqual([{ context: [system], prompt: 'u', output: 'no' }]);
      expect(checkQuestion({ output: 'no', context: [system], prompt: 'u' })).toEqual(question);
    });

    it('gives them to every output', () => {
      const { questions } = checkQuestion({
        output: 'a',
        context: [user, assistant],
        prompt: 'p',
        outputs: ['b'],
      });
      expect(questions.map(({ context }) => context)).toEqual([
        [user, assistant],
        [user, assistant],
      ]);
    });

    it('refuses what nobody asked, and more than 256', () => {
      expect(refusal({ output: 'no', context: [user, assistant] })).toMatchObject({
        code: 'INPUT_INVALID',
        message: expect.stringContaining('assistant') as string,
      });
      const many = (count: number) => Array.from({ length: count }, () => user);
      expect(checkQuestion({ output: 'no', context: many(256) }).questions[0]?.context).toHaveLength(255);
      expect(refusal({ output: 'no', context: many(257) })).toMatchObject({
        code: 'INPUT_INVALID',
        message: expect.stringContaining('257') as string,
      });
    });
  });

  it('traces at most 32 outputs together', () => {
    const outputs = (count: number): string[] => Array.from({ length: count }, (_, i) => `no ${i}`);
    expect(checkQuestion({ output: 'no', outputs: outputs(31) }).questions).toHaveLength(32);
    expect(refusal({ output: 'no', outputs: outputs(32) })).toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('joins `label` and `labels`: both must hold', () => {
    const labels = (label: string, more: string[]) =>
      checkQuestion({ output: 'no', filter: { label, labels: more } }).filter?.labels;
    expect(labels('a', ['a', 'b'])).toEqual(['a']);
    expect(labels('a', ['b'])).toEqual([]);
  });
});
