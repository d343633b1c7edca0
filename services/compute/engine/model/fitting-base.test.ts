/** What can be a model's base, by its config and tokenizer alone. */
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { sharedPath } from '../../../../test/shared.ts';
import { assertFits, assertOther } from './fitting-base.ts';
import type { ModelSource } from './model-source.ts';
import { openModelFolder } from './model-folder.ts';

let stories: ModelSource;
let gpt2: ModelSource;

beforeAll(async () => {
  stories = await openModelFolder(sharedPath('models/stories260K/hf'));
  gpt2 = await openModelFolder(sharedPath('models/tiny-random/gpt2'));
});

function refusal(code: string, message: RegExp): Error {
  return expect.objectContaining({ code, message: expect.stringMatching(message) as unknown }) as Error;
}

/** The same text, with another config. */
function changed(source: ModelSource, config: Partial<ModelSource['config']>): ModelSource {
  const { path, tokenizerDigest } = source;
  return { path, tokenizerDigest, config: { ...source.config, ...config } } as ModelSource;
}

describe('a base', () => {
  it('has the tokenizer, the layers and the width of its model', async () => {
    const demo = (name: string): Promise<ModelSource> =>
      openModelFolder(fileURLToPath(new URL(`../../../../demo/${name}`, import.meta.url)));
    const [tuned, base] = [await demo('tuned'), await demo('base')];
    expect(() => {
      assertFits(tuned, base);
    }).not.toThrow();
    expect(() => {
      assertFits(tuned, stories);
    }).toThrow(refusal('TOKENIZER_MISMATCH', /demo.tuned.*stories260K.*1024 against 512/));
  });

  it('of another depth or width is refused by it', () => {
    const { layers, hiddenSize } = stories.config;
    expect(() => {
      assertFits(stories, changed(stories, { layers: layers + 1 }));
    }).toThrow(refusal('SHAPE_MISMATCH', new RegExp(`${layers} layers and the base .* ${layers + 1}`)));
    expect(() => {
      assertFits(stories, changed(stories, { hiddenSize: 32 }));
    }).toThrow(refusal('SHAPE_MISMATCH', new RegExp(`${hiddenSize} hidden dimensions and .* 32`)));
  });

  it('needs as many learned positions as its model, but not as many rotary ones', () => {
    expect(() => {
      assertFits(gpt2, changed(gpt2, { maxPositions: 8 }));
    }).toThrow(refusal('SHAPE_MISMATCH', /positions and the base .* 8/));
    expect(() => {
      assertFits(stories, changed(stories, { maxPositions: 8 }));
    }).not.toThrow();
  });

  it('is another model', () => {
    expect(() => {
      assertOther('a', 'a', '/there');
    }).toThrow(refusal('INPUT_INVALID', /\/there is the model itself/));
    expect(() => {
      assertOther('a', 'b', '/there');
      assertOther(undefined, undefined, '/there');
    }).not.toThrow();
  });
});
