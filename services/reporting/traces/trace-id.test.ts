import { describe, expect, it } from 'vitest';
import type { OpenIndex } from '../../../lib/mesh/index-messages.ts';
import { checkQuestion } from './check-question.ts';
import { traceId } from './trace-id.ts';

const index = { id: 'i', name: 'n', manifestDigest: 'd', manifest: { taught: null } } as OpenIndex;
const withBase = { ...index, manifest: { taught: { nullRatios: [] } } } as unknown as OpenIndex;
const asked = { output: 'no', prompt: 'yes?', filter: { labels: ['a', 'b'], rows: [3, 1] } };

describe('traceId', () => {
  it('is the same for the same question, whatever the index is called and however conditions are ordered', () => {
    const other = { ...asked, filter: { labels: ['b', 'a'], rows: [1, 3] }, top: 10 };
    expect(traceId({ ...index, name: 'other' }, checkQuestion(other))).toBe(
      traceId(index, checkQuestion(asked)),
    );
  });

  it.each([
    ['output', { ...asked, output: 'No' }],
    ['prompt', { ...asked, prompt: 'yes' }],
    ['alpha', { ...asked, alpha: 0.4 }],
    ['top', { ...asked, top: 11 }],
    ['tokens', { ...asked, tokens: false }],
    ['exact', { ...asked, exact: true }],
    ['filter', { ...asked, filter: {} }],
    ['the turns before', { ...asked, context: [{ role: 'system' as const, content: 's' }] }],
    ['further outputs', { ...asked, outputs: ['no'] }],
  ])('differs by %s', (_, question) => {
    expect(traceId(index, checkQuestion(question))).not.toBe(traceId(index, checkQuestion(asked)));
  });

  it('differs by the method, asked for or the default', () => {
    const { filter: _, ...plain } = asked;
    const questions = [plain, { ...plain, alpha: 0.5 }, { ...plain, method: 'TAUGHT' as const }];
    const more = [
      { ...plain, method: 'REPT' as const },
      { ...plain, method: 'RAW' as const },
    ];
    const ids = [...questions, ...more].map((question) => traceId(withBase, checkQuestion(question)));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('differs after the index changed', () => {
    expect(traceId({ ...index, manifestDigest: 'e' }, checkQuestion(asked))).not.toBe(
      traceId(index, checkQuestion(asked)),
    );
  });
});
