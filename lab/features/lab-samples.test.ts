import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openModelText } from '../../services/compute/engine/model/model-text.ts';
import type { Span } from '../sets/set.ts';
import { renderPrompt } from '../../services/compute/engine/model/render.ts';
import { fits, labSamples } from './lab-samples.ts';

const text = await openModelText(fileURLToPath(new URL('../../demo/base', import.meta.url)));
const GOOD = { prompt: 'What is it?', response: 'A stone.' };

describe('labSamples', () => {
  it('renders each pair, by a name that counts from 1', () => {
    const samples = labSamples(text, 'row', [GOOD, { prompt: 'Who?', response: 'I.' }]);
    expect(samples.map(({ name }) => name)).toEqual(['row 1', 'row 2']);
    expect(samples[0].promptLength).toBeLessThan(samples[0].inputIds.length);
  });

  const words = 'A stone. '.repeat(200);

  it('cuts a long row where nothing was planted in what is lost, or something is in what is left', () => {
    const planted: readonly (readonly Span[])[] = [
      [],
      [[0, 8]],
      [
        [0, 8],
        [words.length - 9, words.length - 1],
      ],
    ];
    const rows = planted.map((spans) => ({ prompt: 'What is it?', response: words, spans }));
    for (const { inputIds } of labSamples(text, 'row', rows)) expect(inputIds).toHaveLength(256);
  });

  it('names the row that would lose what was planted in it', () => {
    const long = {
      prompt: 'What is it?',
      response: words,
      spans: [[words.length - 9, words.length - 1]] as const,
    };
    expect(() => labSamples(text, 'row', [GOOD, long])).toThrow(
      expect.objectContaining({
        code: 'PROMPT_TOO_LONG',
        message: expect.stringMatching(/^row 2 has more tokens up to the end of what was planted/) as string,
      }) as Error,
    );
  });

  it('names the text that does not fit, in the place of cutting it, where all of it matters', () => {
    const long = { prompt: 'What is it?', response: words };
    expect(() => labSamples(text, 'row', [GOOD, long])).toThrow(
      expect.objectContaining({
        code: 'PROMPT_TOO_LONG',
        message: expect.stringMatching(/^row 2 has more tokens than the model's context of 256/) as string,
      }) as Error,
    );
  });

  it('names the output whose prompt leaves no room for it', () => {
    const long = { prompt: 'What is it? '.repeat(200), response: 'A stone.' };
    expect(() => labSamples(text, 'output', [long])).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^output 1: /) as string }) as Error,
    );
  });
});

describe('fits', () => {
  it('holds of outputs up to the context with the token that ends them, and of no longer one', () => {
    const { maxPositions } = text.config;
    const room = maxPositions - renderPrompt(text, GOOD.prompt).length;
    const words = (count: number) => ({ prompt: GOOD.prompt, response: ' a'.repeat(count).trim() });
    expect(fits(text, words(room - 1))).toBe(true);
    expect(fits(text, words(room))).toBe(false);
  });
});
