import { expect, it } from 'vitest';
import type { TokenResult } from '../client/results.ts';
import { evidenceLine } from './evidence-line.ts';

const tokensOf = (...texts: string[]): TokenResult[] =>
  texts.map((text, position) => ({ text, score: 0, taught: null, part: 'RESPONSE', position }));
const pair = (output: number, outputPosition: number, samplePosition: number) => ({
  ...{ output, outputPosition, samplePosition },
  weight: 1,
});

it('gives whole words for tokens that are parts of them, and nothing of their neighbours', () => {
  const tokens = tokensOf('You', ' fo', 'ol', '!', ' A');
  const line = evidenceLine({ evidence: [pair(0, 2, 3)], tokens }, [tokens], 80);
  expect(line).toBe('met by: "fool" → "!"');
});

it('says of which output a word is where there are several', () => {
  const line = evidenceLine({ evidence: [pair(1, 0, 9)], tokens: null }, [null, tokensOf('Fool')], 80);
  expect(line).toBe('met by: "Fool" (output 2) → token 9');
});

it('says of a pair at p that the responses begin alike, since no word stands there', () => {
  const prompt = tokensOf('Hello', ' [/INST]').map((token) => ({ ...token, part: 'PROMPT' as const }));
  const tokens = [...prompt, { ...tokensOf(' Fool')[0], position: 2 }];
  const line = evidenceLine({ evidence: [pair(0, 1, 1), pair(0, 2, 2)], tokens }, [tokens], 80);
  expect(line).toBe('met by: where the response begins → where the response begins');
});

it('lets no token write to the terminal, and keeps to its width', () => {
  const tokens = tokensOf('\x1b[2J', 'x'.repeat(200));
  const line = evidenceLine({ evidence: [pair(0, 0, 1)], tokens }, [tokens], 30) ?? '';
  expect(line).toContain('·[2J');
  expect(line).toHaveLength(30);
});

it('is silent about matches that no words speak for', () => {
  expect(evidenceLine({ evidence: [], tokens: null }, [], 80)).toBeUndefined();
  expect(evidenceLine({ evidence: null, tokens: null }, [], 80)).toBeUndefined();
});
