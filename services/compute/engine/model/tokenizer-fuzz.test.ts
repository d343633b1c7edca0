/**
 * Seeded mutations of tokenizers of every kind, as tokenizer.json and in GGUF metadata. Each must end in a tokenizer that
 * gives ids of the model, the same every time, or in a ReptraceError: never in another exception, a hang, or much memory.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReptraceError } from '../../../../lib/errors.ts';
import { Random } from '../../../../lib/random.ts';
import { sharedPath } from '../../../../test/shared.ts';
import { openModel } from './open-model.ts';
import { createTokenizer, type ModelTokenizer } from './tokenizer.ts';
import { parseTokenizerConfig } from './tokenizer-config.ts';

const MAX_MILLISECONDS = 4000;
const MAX_GROWTH_BYTES = 256 << 20;
const CONFIG = { vocabSize: 1000, bosTokenId: 1, eosTokenIds: [2] };
const TEXT = "A dog's 12 <s> café\u0301 漢字 🙂\n\tthe end  </s><|end|> x";

interface Fixture {
  readonly model: object;
  readonly variants: readonly ({ name: string; model: object; ids: unknown } & object)[];
}

const FOLDER = new URL('../../../../test/fixtures/tokenizers/', import.meta.url);
const tally = { loaded: 0, refused: 0 };

/** A tokenizer or its refusal, within time and memory. */
async function attempt(open: () => ModelTokenizer | null | Promise<ModelTokenizer | null>): Promise<void> {
  const before = process.memoryUsage().heapUsed;
  const start = performance.now();
  try {
    const tokenizer = await open();
    const ids = tokenizer?.encode(TEXT, { addSpecialTokens: true }) ?? [];
    for (const id of ids) expect(id).toBeLessThan(CONFIG.vocabSize);
    expect(tokenizer?.encode(TEXT, { addSpecialTokens: true }) ?? []).toEqual(ids);
    tokenizer?.decode(ids);
    tally.loaded++;
  } catch (error) {
    // Anything but a ReptraceError is a crash, and fails the test with its own message.
    if (!(error instanceof ReptraceError)) throw error;
    expect(error.message.length).toBeLessThan(1500);
    expect(error.remedy).not.toBe('');
    tally.refused++;
  }
  expect(performance.now() - start, 'a hang').toBeLessThan(MAX_MILLISECONDS);
  expect(process.memoryUsage().heapUsed - before, 'memory').toBeLessThan(MAX_GROWTH_BYTES);
}

const HOSTILE: readonly unknown[] = [
  ...[null, true, false, 0, 1, -1, 0.5, 511, 512, 2 ** 31, 2 ** 53, 1e308],
  ...['', 'x', 'the', '▁', '##', '__proto__', '\ud800', '<unk>', 'a'.repeat(100_000)],
  ...[[], {}, [null], [[]], ['a', 1], [['a', -1]]],
  ...[
    { type: 'Sequence' },
    { length: 1e9 },
    { type: 'constructor' },
    { type: 'NFKD' },
    { type: 'WordPiece' },
  ],
  { type: 'Precompiled', precompiled_charsmap: 'CAAAAP////8AAAAAAA==' },
  { type: 'Metaspace', prepend_scheme: 'first', replacement: '🙂' },
  { type: 'Replace', pattern: { Regex: '' }, content: 'x'.repeat(64) },
  { type: 'Replace', pattern: { Regex: '(a|aa)+$' }, content: '' },
  { type: 'Split', pattern: { Regex: '(\\w|\\s)+?!' }, behavior: 'Contiguous', invert: true },
  { type: 'Split', pattern: { String: 'a' }, behavior: 'MergedWithNext' },
  {
    type: 'Unigram',
    unk_id: 0,
    vocab: [
      ['<unk>', 0],
      ['a', NaN],
    ],
  },
];

type Node = Record<string, unknown>;

/** Replaces, removes or doubles something at a random place. */
function mutated(document: object, random: Random): object {
  const root = structuredClone(document) as Node;
  let parent = root;
  for (;;) {
    const key = random.pick(Object.keys(parent));
    const child = parent[key];
    if (typeof child === 'object' && child !== null && Object.keys(child).length > 0 && random.int(4) > 0) {
      parent = child as Node;
      continue;
    }
    if (random.int(5) === 0) Reflect.deleteProperty(parent, key);
    else if (random.int(4) === 0) parent[random.pick(['x', key, '0', '__proto__'])] = structuredClone(parent);
    else parent[key] = random.pick(HOSTILE);
    return root;
  }
}

describe.each(readdirSync(FOLDER))('%s, mutated,', (file) => {
  const { model, variants } = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Fixture;

  it('is refused, or gives ids of the model', async () => {
    const random = new Random(51);
    for (let i = 0; i < 40; i++) {
      const { ids: _ids, name: _name, ...variant } = random.pick(variants);
      let json: object = { ...variant, model: { ...model, ...variant.model } };
      for (let changes = 0; changes <= i % 3; changes++) json = mutated(json, random);
      await attempt(() => createTokenizer(json, 1 << 16, parseTokenizerConfig({}), CONFIG));
    }
  });
});

describe('the tokenizer of a GGUF file, mutated,', () => {
  let scratch: string;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'reptrace-tokenizer-fuzz-'));
  });
  afterAll(() => rm(scratch, { recursive: true }));

  it('is refused, or gives ids of the model', async () => {
    const whole = readFileSync(sharedPath('models/stories260K/stories260Ktok512.gguf'));
    const end = whole.indexOf('llama.context_length');
    const keys = ['tokens', 'scores', 'token_type', 'model', 'bos_token_id', 'unknown_token_id'];
    const places = keys.map((key) => whole.indexOf(`tokenizer.ggml.${key}`));
    const random = new Random(52);
    for (let i = 0; i < 120; i++) {
      const bytes = Buffer.from(whole);
      // Anywhere among tokens, scores and kinds; or right at a key, its type, its length and its first items.
      const from = i % 3 === 0 ? random.pick(places) : random.int(end - 64);
      for (let flips = 0; flips < 1 + (i % 5) * 8; flips++) {
        const at = i % 3 === 0 ? from + random.int(64) : from + random.int(32);
        bytes[at] =
          i % 2 === 0 ? (bytes[at] ?? 0) ^ (1 << random.int(8)) : random.pick([0, 1, 0x20, 0x7f, 0xff]);
      }
      const path = join(scratch, 'm.gguf');
      await writeFile(path, bytes);
      await attempt(async () => (await openModel(path)).tokenizer);
    }
  });
});

it('400 mutations met both ends', () => {
  expect(tally.loaded + tally.refused).toBeGreaterThanOrEqual(400);
  expect(tally.loaded).toBeGreaterThan(80);
  expect(tally.refused).toBeGreaterThan(150);
});
