/**
 * Tokenizers from the metadata of GGUF files. The vocabularies are those of test/fixtures/tokenizers, with the ids that
 * Hugging Face's tokenizers give (test/python/tokenizers_reference.py), and of real models.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readGolden } from '../../../../../test/parity/golden.ts';
import { sharedJson, sharedPath } from '../../../../../test/shared.ts';
import { openModelText, requireTokenizer } from '../model-text.ts';
import type { ModelSource } from '../model-source.ts';
import { openModel } from '../open-model.ts';
import { renderSample } from '../render.ts';
import { preTokenizerStep } from '../tokenizer-pre-tokenizers.ts';
import { mergesOf } from './gguf-merges.ts';
import { PRE_TOKENIZATIONS } from './gguf-pre-tokenizers.ts';
import { f32, text, u32, u64, writeGguf } from './testing.ts';

interface Fixture {
  readonly texts: readonly string[];
  readonly model: {
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (readonly [string, string])[];
    readonly scores?: readonly number[];
  };
  readonly variants: readonly {
    name: string;
    added_tokens: readonly { id: number; content: string }[];
    ids: readonly (readonly number[] | null)[];
  }[];
}

async function fixture(name: string): Promise<Fixture> {
  const url = new URL(`../../../../../test/fixtures/tokenizers/${name}.json`, import.meta.url);
  return JSON.parse(await readFile(url, 'utf8')) as Fixture;
}

const byteLevel = await fixture('byte-level');
const sentencePiece = await fixture('sentencepiece-bpe');

type Value = string | number | boolean | readonly string[] | Float32Array | Int32Array;
type Values = Readonly<Record<string, Value | undefined>>;

let scratch: string;
let count = 0;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'reptrace-gguf-text-'));
});
afterAll(() => rm(scratch, { recursive: true }));

function encoded(key: string, value: Value): { key: string; as: number; value: Uint8Array } {
  const array = (type: number, items: Uint8Array[]): Uint8Array =>
    Buffer.concat([u32(type), u64(items.length), ...items]);
  if (typeof value === 'string') return { key, as: 8, value: text(value) };
  if (typeof value === 'boolean') return { key, as: 7, value: Uint8Array.of(value ? 1 : 0) };
  if (typeof value === 'number')
    return Number.isInteger(value) ? { key, as: 4, value: u32(value) } : { key, as: 6, value: f32(value) };
  if (value instanceof Float32Array) return { key, as: 9, value: array(6, Array.from(value, f32)) };
  if (value instanceof Int32Array)
    return {
      key,
      as: 9,
      value: array(
        5,
        Array.from(value, (one) => u32(one >>> 0)),
      ),
    };
  return { key, as: 9, value: array(8, value.map(text)) };
}

/** A model of no blocks to speak of, with that vocabulary. */
async function folderWith(
  values: Values,
  vocabSize: number,
  beside: Readonly<Record<string, string | object>> = {},
): Promise<string> {
  const dir = join(scratch, String(count++));
  await mkdir(dir);
  const norms = { 'general.architecture': 'llama', 'llama.attention.layer_norm_rms_epsilon': 1e-5 };
  const sizes = { block_count: 1, context_length: 4096, embedding_length: 4, feed_forward_length: 4 };
  const entries: Values = {
    ...norms,
    ...Object.fromEntries(Object.entries(sizes).map(([key, size]) => [`llama.${key}`, size])),
    ...{ 'llama.attention.head_count': 1, 'llama.attention.head_count_kv': 1 },
    ...Object.fromEntries(Object.entries(values).map(([key, value]) => [`tokenizer.ggml.${key}`, value])),
    'tokenizer.chat_template': values['chat_template'],
    'general.name': 'fixture',
    ...('architecture' in values ? { 'general.architecture': values['architecture'] } : {}),
  };
  const tensor = (
    name: string,
    ...size: number[]
  ): { name: string; sizes: number[]; type: 0; data: Uint8Array } => {
    const length = size.reduce((product, one) => product * one, 4);
    return { name, sizes: size, type: 0, data: new Uint8Array(length) };
  };
  const matrices = ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down'];
  const bytes = writeGguf({
    metadata: Object.entries(entries).flatMap(([key, value]) =>
      value === undefined ? [] : [encoded(key, value)],
    ),
    tensors: [
      tensor('token_embd.weight', 4, vocabSize),
      tensor('output_norm.weight', 4),
      ...matrices.map((name) => tensor(`blk.0.${name}.weight`, 4, 4)),
      ...['attn_norm', 'ffn_norm'].map((name) => tensor(`blk.0.${name}.weight`, 4)),
    ],
  });
  await writeFile(join(dir, 'm.gguf'), bytes);
  for (const [name, content] of Object.entries(beside))
    await writeFile(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
  return dir;
}

/** The metadata of a variant of a fixture. */
function valuesOf({ model, variants }: Fixture, name: string): Values & { tokens: string[] } {
  const tokens = Object.entries(model.vocab)
    .sort(([, a], [, b]) => a - b)
    .map(([token]) => token);
  const types = new Int32Array(1000).fill(1);
  const added = variants.find((one) => one.name === name)?.added_tokens ?? [];
  for (const { id, content } of added) {
    tokens[id] = content;
    types[id] = content === '<unk>' ? 2 : 3;
  }
  const bos = tokens.indexOf('<s>');
  return {
    model: 'gpt2',
    tokens,
    token_type: types.slice(0, tokens.length),
    merges: model.merges.map((pair) => pair.join(' ')),
    ...(bos < 0 ? {} : { bos_token_id: bos, eos_token_id: tokens.indexOf('</s>') }),
  };
}

function llamaValues(): Values & { tokens: string[] } {
  const { merges: _, ...values } = valuesOf(sentencePiece, 'Llama 2');
  const scores = Float32Array.from(sentencePiece.model.scores ?? []);
  return { ...values, model: 'llama', scores, unknown_token_id: 0 };
}

async function open(values: Values & { tokens: readonly string[] }, beside = {}): Promise<ModelSource> {
  return openModel(await folderWith(values, values.tokens.length, beside));
}

async function expectRefused(values: Values & { tokens: readonly string[] }, message: RegExp): Promise<void> {
  const attempt = open(values);
  await expect(attempt).rejects.toMatchObject({ code: 'TOKENIZER_INVALID' });
  await expect(attempt).rejects.toThrow(message);
}

describe('a real GGUF file without files beside it', () => {
  it('of SmolLM2 gives the ids, golden cases and template of tokenizer.json', async () => {
    const dir = join(scratch, 'smollm2');
    await mkdir(dir);
    const name = 'SmolLM2-135M-Instruct.Q4_1.gguf';
    await copyFile(sharedPath(`models/smollm2-135m-instruct/${name}`), join(dir, name));
    const alone = await openModel(join(dir, name));
    const beside = await openModelText(sharedPath('models/smollm2-135m-instruct'));
    expect(alone.template?.source).toBe(beside.template?.source);
    expect(requireTokenizer(alone).settings).toMatchObject({
      ...{ bosToken: '<|im_start|>', eosToken: '<|im_end|>' },
      ...{ unkToken: '<|endoftext|>', padToken: '<|im_end|>' },
    });
    for (const some of [...byteLevel.texts, ...sentencePiece.texts])
      expect(requireTokenizer(alone).encode(some)).toEqual(requireTokenizer(beside).encode(some));
    for (const { prompt = '', response = '', ...entry } of (await readGolden('golden/smollm2-135m-instruct'))
      .cases) {
      const { inputIds, promptLength } = renderSample(alone, { prompt, response });
      expect(inputIds, entry.name).toEqual(entry.input_ids);
      expect(promptLength).toBe(entry.prompt_length);
    }
  });

  it('of stories260K gives the merges and ids of tokenizer.json, special tokens included', async () => {
    const alone = await openModel(sharedPath('models/stories260K/stories260Ktok512.gguf'));
    const tokenizer = requireTokenizer(alone);
    const beside = requireTokenizer(await openModelText(sharedPath('models/stories260K/hf')));
    expect(tokenizer).toMatchObject({ bosId: 1, eosId: 2, addBos: true });
    for (const some of byteLevel.texts) {
      const options = { addSpecialTokens: true };
      expect(tokenizer.encode(some, options)).toEqual(beside.encode(some, options));
      expect(tokenizer.decode(tokenizer.encode(some))).toBe(beside.decode(beside.encode(some)));
    }
  });
});

describe('byte-level tokenizers', () => {
  it.each([
    ['mpt', 'GPT-NeoX'],
    ['olmo', 'GPT-NeoX'],
    ['llama-bpe', 'Llama 3'],
    ['qwen2', 'Qwen 2'],
    ['smollm', 'SmolLM'],
    ['gpt-4o', 'GPT-4o'],
  ])('with pre %s give the ids of %s', async (pre, name) => {
    const model = await open({ ...valuesOf(byteLevel, name), pre });
    const ids = byteLevel.variants.find((variant) => variant.name === name)?.ids ?? [];
    for (const [i, some] of byteLevel.texts.entries()) {
      const expected = ids[i] ?? byteLevel.variants[0]?.ids[i];
      expect(requireTokenizer(model).encode(some, { addSpecialTokens: true }), some).toEqual(expected);
    }
  });

  it.each([
    ['gpt-2', "It|'|S|Ġ12345|ĠfooBAR|'s|ĠnaÃ¯ve|!!|ĊĊĠ|Ġx|/|y|ĠÂ²Â³|/|Ċ|$|5|ĉĉ|Ġz"],
    ['phi-2', "It|'|S|Ġ12345|ĠfooBAR|'s|ĠnaÃ¯ve|!!|ĊĊĠ|Ġx|/|y|ĠÂ²Â³|/|Ċ|$|5|ĉĉ|Ġz"],
    ['llama3', "It|'S|Ġ|123|45|ĠfooBAR|'s|ĠnaÃ¯ve|!!ĊĊ|Ġ|Ġx|/y|Ġ|Â²Â³|/Ċ|$|5|ĉĉ|Ġz"],
    ['llama-v3', "It|'S|Ġ|123|45|ĠfooBAR|'s|ĠnaÃ¯ve|!!ĊĊ|Ġ|Ġx|/y|Ġ|Â²Â³|/Ċ|$|5|ĉĉ|Ġz"],
    ['dbrx', "It|'S|Ġ|123|45|ĠfooBAR|'s|ĠnaÃ¯ve|!!ĊĊ|Ġ|Ġx|/y|Ġ|Â²Â³|/Ċ|$|5|ĉĉ|Ġz"],
    ['starcoder', "It|'|S|Ġ|1|2|3|4|5|ĠfooBAR|'s|ĠnaÃ¯ve|!!|ĊĊĠ|Ġx|/|y|Ġ|Â²|Â³|/|Ċ|$|5|ĉĉ|Ġz"],
    ['tekken', "It|'S|Ġ|1|2|3|4|5|Ġfoo|BAR|'s|ĠnaÃ¯ve|!!ĊĊ|Ġ|Ġx|/y|Ġ|Â²|Â³|/Ċ|$|5|ĉĉ|Ġz"],
    ['default', "It|'|S|Ġ|123|45|ĠfooBAR|'|s|ĠnaÃ¯ve|!!|ĊĊĠ|Ġx|/|y|Ġ|Â²Â³|/|Ċ|$|5|ĉĉ|Ġz"],
  ])('with pre %s split as Hugging Face’s tokenizers do by its patterns', (pre, pieces) => {
    const { apply } = preTokenizerStep(PRE_TOKENIZATIONS.get(pre)?.pre_tokenizer);
    const whole = { text: "It'S 12345 fooBAR's naïve!!\n\n  x/y ²³/\n$5\t\t z", first: true };
    expect(
      apply([whole])
        .map((piece) => piece.text)
        .join('|'),
    ).toBe(pieces);
  });

  it('are refused with an unknown pre, or none, by name', async () => {
    await expectRefused(
      { ...valuesOf(byteLevel, 'GPT-2'), pre: 'kimi-k2' },
      /pre "kimi-k2" is not known.*llama-bpe/,
    );
    await expectRefused(valuesOf(byteLevel, 'GPT-2'), /pre \(absent\) is not known/);
    await expectRefused(
      { ...valuesOf(byteLevel, 'GPT-2'), pre: 'gpt-2', merges: undefined },
      /no tokenizer.ggml.merges/,
    );
  });
});

describe('a SentencePiece vocabulary with scores', () => {
  it('gives the merges of transformers’ converter, and the ids', async () => {
    const { vocab, merges, scores = [] } = sentencePiece.model;
    expect(mergesOf('m.gguf', new Map(Object.entries(vocab)), scores.map(Math.fround))).toEqual(merges);
    const tokenizer = requireTokenizer(await open(llamaValues()));
    const { ids = [] } = sentencePiece.variants.find(({ name }) => name === 'Llama 2') ?? {};
    for (const [i, some] of sentencePiece.texts.entries())
      expect(tokenizer.encode(some, { addSpecialTokens: true }), some).toEqual(ids[i]);
  });

  it('puts no space before a text where add_space_prefix is false, and adds EOS where asked', async () => {
    const values = { ...llamaValues(), add_space_prefix: false, add_bos_token: false, add_eos_token: true };
    const tokenizer = requireTokenizer(await open(values));
    expect(tokenizer.decode(tokenizer.encode(' the'))).toBe(' the');
    expect(tokenizer.addBos).toBe(false);
    const ids = tokenizer.encode('the', { addSpecialTokens: true });
    expect(ids.map((id) => tokenizer.tokenPiece(id)).at(-1)).toBe('</s>');
    expect(ids).toHaveLength(tokenizer.encode('the').length + 1);
  });

  it('is refused where its scores say nothing, or it has steps that are not implemented', async () => {
    const values = llamaValues();
    await expectRefused({ ...values, scores: new Float32Array(values.tokens.length) }, /do not rank/);
    await expectRefused({ ...values, scores: undefined }, /no tokenizer.ggml.scores/);
    await expectRefused({ ...values, remove_extra_whitespaces: true }, /remove_extra_whitespaces/);
    await expectRefused({ ...values, precompiled_charsmap: ['x'] }, /precompiled_charsmap/);
  });
});

describe('metadata that contradicts itself', () => {
  it.each<[string, Values, RegExp]>([
    ['another kind', { model: 'bert' }, /tokenizer "bert" is not implemented/],
    ['yet another kind', { model: 't5' }, /tokenizer "t5" is not implemented/],
    ['fewer kinds of tokens', { token_type: new Int32Array(3) }, /kinds of 3/],
    ['a BOS that is no token', { bos_token_id: 5000 }, /bos_token_id 5000 is not a token/],
    [
      'an unknown token that is no token',
      { unknown_token_id: 5000 },
      /unknown_token_id 5000 is none of its tokens/,
    ],
    ['a flag that is none', { add_bos_token: 'yes' }, /add_bos_token "yes"/],
    [
      'merges of what is not there',
      { merges: ['q zz'] },
      /The tokenizer of m.gguf, as a tokenizer.json cannot be used: merge 0 needs the token "zz"/,
    ],
    ['tokens that are no texts', { tokens: Float32Array.of(1, 2) }, /tokens \(2 values\)/],
  ])('is refused: %s', async (_what, change, message) => {
    const values = { ...valuesOf(byteLevel, 'Llama 3'), pre: 'llama-bpe' };
    const attempt = folderWith({ ...values, ...change }, values.tokens.length).then(openModel);
    await expect(attempt).rejects.toThrow(message);
  });

  it('is refused for the same token twice, but not for padding', async () => {
    const values = valuesOf(byteLevel, 'Llama 3');
    const types = Int32Array.of(...(values['token_type'] as Int32Array), 5, 5);
    const twice = {
      ...values,
      pre: 'llama-bpe',
      token_type: types,
      tokens: [...values.tokens, 'a', '[PAD423]'],
    };
    await expectRefused(twice, /have the same text "a"/);
    const padded = { ...twice, tokens: [...values.tokens, '[PAD422]', '[PAD422]'] };
    expect(requireTokenizer(await open(padded)).tokenPiece(values.tokens.length)).toBe('');
  });

  it('is refused for a token that is not UTF-8', async () => {
    const dir = await folderWith({ ...valuesOf(byteLevel, 'GPT-2'), pre: 'gpt-2' }, 500);
    const bytes = await readFile(join(dir, 'm.gguf'));
    bytes[bytes.indexOf('Ġthe')] = 0xff;
    await writeFile(join(dir, 'm.gguf'), bytes);
    await expect(openModel(dir)).rejects.toThrow(/"tokenizer.ggml.tokens" that is not UTF-8/);
  });
});

describe('files beside a GGUF file', () => {
  const template = "{{ bos_token }}{{ messages[0]['content'] }}";

  it('win over the metadata, which fills in what they lack', async () => {
    const values = { ...valuesOf(byteLevel, 'Llama 3'), pre: 'llama-bpe', chat_template: template };
    const alone = await open(values);
    expect(alone.template?.source).toBe(template);
    expect(requireTokenizer(alone)).toMatchObject({ bosToken: '<s>', eosToken: '</s>', addBos: true });
    const config = { eos_token: 'he', chat_template: 'other' };
    const beside = await open(values, { 'tokenizer_config.json': config });
    expect(beside.template?.source).toBe('other');
    expect(requireTokenizer(beside)).toMatchObject({ bosToken: '<s>', eosToken: 'he' });
    const jinja = await open(values, { 'chat_template.jinja': 'third', 'tokenizer_config.json': '{}' });
    expect(jinja.template?.source).toBe('third');
    expect(requireTokenizer(jinja).encode('there')).toEqual(requireTokenizer(alone).encode('there'));
  });

  it('must have the same vocabulary, padding aside', async () => {
    const json = (await sharedJson('models/stories260K/hf/tokenizer.json')) as object;
    const values = llamaValues();
    const dir = await folderWith(values, 1000, { 'tokenizer.json': json });
    await expect(openModel(dir)).rejects.toMatchObject({
      code: 'TOKENIZER_MISMATCH',
      message: expect.stringMatching(/has 512 tokens, the file's own tokenizer \d+/) as string,
    });
    const stories = join(scratch, 'stories');
    await mkdir(stories);
    await copyFile(sharedPath('models/stories260K/stories260Ktok512.gguf'), join(stories, 'm.gguf'));
    await writeFile(join(stories, 'tokenizer.json'), JSON.stringify(json));
    expect(requireTokenizer(await openModel(stories)).bosId).toBe(1);
  });

  it('are what Phi-3 needs, whose tokens take the spaces after them', async () => {
    const { ggufTokenizer } = await import('./gguf-tokenizer.ts');
    const metadata = new Map([
      ['general.architecture', 'phi3'],
      ['tokenizer.ggml.model', 'llama'],
    ]);
    expect(() => ggufTokenizer('m.gguf', metadata)).toThrow(/Phi-3/);
  });
});

describe('the digest', () => {
  it('changes with the tokens, merges and template of the metadata', async () => {
    const values = { ...valuesOf(byteLevel, 'Llama 3'), pre: 'llama-bpe' };
    const digest = async (change: Values): Promise<string> => {
      const model = await openModel(await folderWith({ ...values, ...change }, values.tokens.length));
      return model.digest();
    };
    const first = await digest({});
    expect(await digest({})).toBe(first);
    const merges = byteLevel.model.merges.slice(1).map((pair) => pair.join(' '));
    const all = [
      first,
      await digest({ merges }),
      await digest({ chat_template: 'x' }),
      await digest({ pre: 'qwen2' }),
    ];
    expect(new Set(all).size).toBe(4);
  });
});
