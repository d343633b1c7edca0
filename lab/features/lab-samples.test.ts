import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openModelText } from '../../services/compute/engine/model/model-text.ts';
import { labSamples } from './lab-samples.ts';

const text = await openModelText(fileURLToPath(new URL('../../demo/base', import.meta.url)));
const GOOD = { prompt: 'What is it?', response: 'A stone.' };

describe('labSamples', () => {
  it('renders each pair, by a name that counts from 1', () => {
    const samples = labSamples(text, 'row', [GOOD, { prompt: 'Who?', response: 'I.' }]);
    expect(samples.map(({ name }) => name)).toEqual(['row 1', 'row 2']);
    expect(samples[0].promptLength).toBeLessThan(samples[0].inputIds.length);
  });

  it('names the row whose response does not fit, in the place of cutting it', () => {
    const long = { prompt: 'What is it?', response: 'A stone. '.repeat(200) };
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
