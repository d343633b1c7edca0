/**
 * Small tokenizers of every kind, with the steps of the families that have them, against the ids that Hugging Face's own
 * tokenizers (Rust) give for texts that are hard to read: test/python/tokenizers_reference.py.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createTokenizer } from './tokenizer.ts';
import { parseTokenizerConfig } from './tokenizer-config.ts';

interface Fixture {
  readonly texts: readonly string[];
  readonly model: object;
  readonly variants: readonly ({
    name: string;
    model: object;
    ids: readonly (readonly number[] | null)[];
  } & object)[];
}

const FOLDER = new URL('../../../../test/fixtures/tokenizers/', import.meta.url);
const files = readdirSync(FOLDER).filter((name) => name !== 'unicode.json');

it('there are fixtures of all kinds of models', () => {
  expect(files.length).toBeGreaterThanOrEqual(7);
});

describe.each(files)('%s', (file) => {
  const { texts, model, variants } = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Fixture;
  it.each(variants.map((variant) => [variant.name, variant] as const))('%s', (_name, variant) => {
    const json = { ...variant, model: { ...model, ...variant.model } };
    const config = { vocabSize: 100_000, bosTokenId: null, eosTokenIds: [] };
    const tokenizer = createTokenizer(json, 1 << 20, parseTokenizerConfig({}), config);
    for (const [i, text] of texts.entries()) {
      const ids = tokenizer.encode(text, { addSpecialTokens: true });
      expect(ids, JSON.stringify(text)).toEqual(variant.ids[i] ?? variants[0]?.ids[i]);
    }
  });
});
