import { describe, expect, it } from 'vitest';
import { ReptraceError } from '../../../../lib/errors.ts';
import { sharedJson, sharedPath } from '../../../../test/shared.ts';
import { openModelText, requireTokenizer } from './model-text.ts';
import { createTokenizer, MAX_TEXT_LENGTH, type ModelTokenizer } from './tokenizer.ts';
import { parseTokenizerConfig } from './tokenizer-config.ts';

/** JSON that a test changes at will. */
interface Json {
  [key: string]: Json;
}

const stories = requireTokenizer(await openModelText(sharedPath('models/stories260K/hf')));
const smol = requireTokenizer(await openModelText(sharedPath('models/smollm2-135m-instruct')));
const smolJson = await sharedJson('models/smollm2-135m-instruct/tokenizer.json');
const storiesJson = JSON.stringify(await sharedJson('models/stories260K/hf/tokenizer.json'));

const CONFIG = { vocabSize: 512, bosTokenId: 1, eosTokenIds: [2] };

function build(json: unknown, settings: object = { bos_token: '<s>', eos_token: '</s>' }): ModelTokenizer {
  return createTokenizer(json, storiesJson.length, parseTokenizerConfig(settings), CONFIG);
}

/** The stories260K tokenizer after a change. */
function changed(change: (json: Json) => void): ModelTokenizer {
  const json = JSON.parse(storiesJson) as Json;
  change(json);
  return build(json);
}

function expectInvalid(change: (json: Json) => void, message: RegExp): void {
  const attempt = (): unknown => changed(change);
  expect(attempt).toThrow(message);
  expect(attempt).toThrow(expect.objectContaining({ code: 'TOKENIZER_INVALID' }) as ReptraceError);
}

/** Anything, typed for assignment into a Json. */
function step(value: unknown): Json {
  return value as Json;
}

describe('a model tokenizer', () => {
  it('decodes what it encodes', () => {
    const text = 'Once upon a time,  there was "x" & 123.\n\tBonjour, ça va ? 漢字 🙂';
    expect(smol.decode(smol.encode(text))).toBe(text);
    expect(stories.decode(stories.encode(text))).toBe(text);
    expect(stories.decode([])).toBe('');
  });

  it('turns the texts of special tokens into those tokens, and can leave them out again', () => {
    expect(stories.encode('</s>')).toEqual([2]);
    expect(smol.encode('<|im_start|>user')).toEqual([1, 4093]);
    expect(smol.decode([1, 4093], { skipSpecialTokens: true })).toBe('user');
  });

  it('adds special tokens only when asked', () => {
    expect(stories.encode('Hi')[0]).not.toBe(1);
    expect(stories.encode('Hi', { addSpecialTokens: true })).toEqual([1, ...stories.encode('Hi')]);
    expect(stories).toMatchObject({ bosId: 1, bosToken: '<s>', eosId: 2, eosToken: '</s>', addBos: true });
  });

  it('gives the text that each token stands for, spaces included, so that the tokens add up to the text', () => {
    for (const tokenizer of [stories, smol]) {
      const ids = tokenizer.encode('Once there was a dog.\nIt ran');
      expect(
        ids
          .map((id) => tokenizer.tokenText(id))
          .join('')
          .trimStart(),
      ).toBe('Once there was a dog.\nIt ran');
    }
    const [id] = smol.encode(' the') as [number];
    expect([smol.tokenPiece(id), smol.tokenText(id)]).toEqual(['Ġthe', ' the']);
    expect(stories.tokenPiece(13)).toBe('<0x0A>');
    expect(stories.tokenText(13)).toBe('\n');
  });

  it('knows numeric characters and spaces beyond ASCII, as Hugging Face does', () => {
    // Ids from tokenizers 0.23 (Rust). A numeral is split from the space before it; U+0085 is a space, U+FEFF is not.
    expect(smol.encode(' \u00b2')).toEqual([216, 19133]);
    expect(smol.encode('a  \u0085')).toEqual([81, 256, 141, 223]);
    expect(smol.encode('a \ufeff b')).toEqual([81, 216, 186, 136, 140, 278]);
  });

  it('splits as Llama 3 does, whose pattern comes with the file, and runs its post-processor', () => {
    const json = structuredClone(smolJson) as Json;
    const Regex =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    const byteLevel = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };
    json['pre_tokenizer'] = step({
      type: 'Sequence',
      pretokenizers: [{ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false }, byteLevel],
    });
    const bos = '<|im_start|>';
    const single = [{ SpecialToken: { id: bos, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }];
    const template = { type: 'TemplateProcessing', single, special_tokens: { [bos]: { id: bos, ids: [1] } } };
    json['post_processor'] = step({ type: 'Sequence', processors: [byteLevel, template] });
    json['model']['ignore_merges'] = step(true);
    const config = { vocabSize: 49152, bosTokenId: 1, eosTokenIds: [2] };
    const tokenizer = createTokenizer(json, 1 << 20, parseTokenizerConfig({}), config);
    // Ids from tokenizers 0.23 (Rust).
    expect(tokenizer.encode("I'LL pay 12345 euros.\n\n Now", { addSpecialTokens: true })).toEqual([
      1, 57, 23, 16421, 2290, 216, 33, 34, 35, 36, 37, 39236, 30, 1116, 3569,
    ]);
  });

  it('splits as Mistral and newer Llama 2 exports do: a space before the first part only', () => {
    const metaspace = changed((json) => {
      json['normalizer'] = step(null);
      json['pre_tokenizer'] = step({
        type: 'Metaspace',
        replacement: '▁',
        prepend_scheme: 'first',
        split: false,
      });
    });
    // Ids from tokenizers 0.23 (Rust).
    expect(metaspace.encode('Hi <s> dog')).toEqual([320, 417, 410, 1, 400, 428]);
  });

  it("refuses ids that are not the model's", () => {
    for (const id of [-1, 512, 1.5, NaN]) {
      expect(() => stories.decode([id])).toThrow(ReptraceError);
      expect(() => stories.tokenText(id)).toThrow(/not a token id/);
    }
  });

  it('refuses a text that is too long', () => {
    expect(() => stories.encode('a'.repeat(MAX_TEXT_LENGTH + 1))).toThrow(/characters is longer/);
  });

  it('takes BOS and EOS from config.json where tokenizer_config.json is silent, and none where it says null', () => {
    expect(build(JSON.parse(storiesJson), {})).toMatchObject({ bosId: 1, eosId: 2, addBos: true });
    expect(build(JSON.parse(storiesJson), { bos_token: null })).toMatchObject({ bosId: null, addBos: false });
    expect(build(JSON.parse(storiesJson), { add_bos_token: false }).addBos).toBe(false);
    // Where the config is silent, the post-processor says: as in Hugging Face's fast tokenizers.
    const silent = { ...(JSON.parse(storiesJson) as object), post_processor: null };
    expect(build(silent, {})).toMatchObject({ bosId: 1, addBos: false });
    expect(build(silent, { add_bos_token: true }).addBos).toBe(true);
    expect(build(JSON.parse(storiesJson), { bos_token: { content: '<s>' } }).bosId).toBe(1);
    expect(() => build(JSON.parse(storiesJson), { bos_token: '<bos>' })).toThrow(
      /"<bos>" is not in its vocabulary/,
    );
  });
});

describe('a hostile tokenizer.json', () => {
  it("is refused where its vocabulary is larger than the model's", () => {
    const attempt = (): unknown => changed((json) => (json['model']['vocab']['x'] = step(512)));
    expect(attempt).toThrow(expect.objectContaining({ code: 'TOKENIZER_MISMATCH' }) as ReptraceError);
    // An added token may lie beyond it, as long as no text uses it.
    const padded = changed((json) =>
      (json['added_tokens'] as unknown as unknown[]).push({ id: 512, content: '<pad>', special: true }),
    );
    expect(padded.encode('Hi')).toEqual(stories.encode('Hi'));
    expect(() => padded.encode('<pad>')).toThrow(/"<pad>" has the id 512/);
  });

  it('is refused where ids, merges or added tokens contradict each other', () => {
    expectInvalid((json) => (json['model']['vocab']['x'] = step(5)), /two tokens have the id 5/);
    expectInvalid((json) => (json['model']['vocab']['x'] = step(-1)), /id -1/);
    expectInvalid((json) => (json['model']['vocab']['x'] = step(1.5)), /id 1\.5/);
    expectInvalid((json) => (json['model']['vocab'] = step([])), /vocab/);
    expectInvalid((json) => (json['model']['merges'] = step([['a', 'nowhere']])), /"nowhere"/);
    expectInvalid((json) => (json['model']['merges'] = step(['a b c'])), /not a pair/);
    expectInvalid((json) => (json['model']['merges'] = step({ length: 1e9 })), /merges/);
    expectInvalid((json) => (json['added_tokens'][0]['id'] = step(2 ** 40)), /id 1099511627776/);
    expectInvalid((json) => (json['added_tokens'][0]['id'] = step(7)), /contradicts/);
    expectInvalid((json) => (json['added_tokens'] = step('x'.repeat(9))), /added_tokens/);
    expectInvalid((json) => (json['model']['unk_token'] = step('<none>')), /unk_token/);
  });

  it('is refused, by name, where what it asks for is not implemented', () => {
    expectInvalid((json) => (json['model']['type'] = step('WordLevel')), /WordLevel/);
    expectInvalid((json) => (json['model']['dropout'] = step(0.1)), /dropout/);
    expectInvalid((json) => (json['model']['continuing_subword_prefix'] = step('##')), /continuing/);
    expectInvalid((json) => (json['normalizer'] = step({ type: 'ByteLevel' })), /ByteLevel/);
    const split = { type: 'Split', pattern: { String: 'a' }, behavior: 'Sometimes', invert: false };
    expectInvalid((json) => (json['pre_tokenizer'] = step(split)), /Sometimes/);
    expectInvalid(
      (json) => (json['pre_tokenizer'] = step({ type: 'FixedLength', length: 0 })),
      /FixedLength/,
    );
    expectInvalid((json) => (json['decoder'] = step({ type: 'constructor' })), /constructor/);
    expectInvalid((json) => (json['post_processor']['special_tokens']['<s>']['ids'] = step([7])), /"<s>"/);
  });

  it('is refused where Hugging Face would give other ids than it says', () => {
    // New tokens are numbered from the end of the vocabulary there, whatever their ids in the file.
    const added = { id: 600, content: '<new>', special: true };
    const attempt = (): unknown =>
      createTokenizer(
        { ...(JSON.parse(storiesJson) as object), added_tokens: [added] },
        storiesJson.length,
        parseTokenizerConfig({}),
        { ...CONFIG, vocabSize: 700 },
      );
    expect(attempt).toThrow(/"<new>" has the id 600, where 512 comes next/);
    // Its bytes would be written as unknown tokens after the text that they are in.
    expectInvalid((json) => Reflect.deleteProperty(json['model']['vocab'], '<0x41>'), /byte 65/);
    expectInvalid((json) => {
      json['model']['vocab']['<unk>▁'] = json['model']['vocab']['▁the'];
      Reflect.deleteProperty(json['model']['vocab'], '▁the');
      json['model']['merges'] = step([['<unk>', '▁']]);
    }, /merges "<unk>"/);
    // Which piece is the first is not known once something before it may be gone.
    expectInvalid((json) => {
      json['normalizer'] = step({ type: 'Strip', strip_left: true, strip_right: false });
      json['pre_tokenizer'] = step({ type: 'Metaspace', prepend_scheme: 'first' });
    }, /first piece/);
  });

  it.each([
    ['a possessive quantifier', '\\p{L}++[a-z]', /possessive/],
    ['an atomic group', '(?>a+)b', /possessive/],
    ['case folded beyond letters', '(?i:\\p{Lu})', /folds case/],
    ['options', '(?m:.)', /sets options/],
    ['a back reference', '(a)\\1', /back references/],
    ['an anchor of the last match', '\\Ga', /back references/],
    ['what is no pattern', '(', /cannot be used/],
  ])('is refused for a pattern with %s, which JavaScript would match otherwise', (_what, Regex, message) => {
    const split = { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false };
    expectInvalid((json) => (json['pre_tokenizer'] = step(split)), message);
  });

  it.each([
    ['no text', null],
    ['not a table', 'AAAA'],
    ['longer than it is', Buffer.from([255, 255, 255, 0, 1, 2, 3, 4]).toString('base64')],
  ])('is refused where its precompiled_charsmap is %s', (_what, precompiled_charsmap) => {
    expectInvalid(
      (json) => (json['normalizer'] = step({ type: 'Precompiled', precompiled_charsmap })),
      /precompiled_charsmap/,
    );
  });

  it('cannot make a text grow without bound', () => {
    const replace = { type: 'Replace', pattern: { String: 'a' }, content: 'a'.repeat(60) };
    const normalizers = Array.from({ length: 8 }, () => replace);
    expectInvalid((json) => (json['normalizer'] = step({ type: 'Sequence', normalizers })), /times longer/);
    // Within what is allowed for short texts, but not for this one.
    const twice = { type: 'Sequence', normalizers: [replace, replace] };
    const growing = changed((json) => (json['normalizer'] = step(twice)));
    expect(() => growing.encode('a'.repeat(100_000))).toThrow(/text of more than/);
    const long = { type: 'Prepend', prepend: 'x'.repeat(1e6) };
    expectInvalid((json) => (json['normalizer'] = step(long)), /prepend/);
    let nested: object = replace;
    for (let i = 0; i < 1000; i++) nested = { type: 'Sequence', normalizers: [nested] };
    expectInvalid((json) => (json['normalizer'] = step(nested)), /nested/);
  });

  it('cannot hang: a catastrophic pattern is stopped, a huge one refused', () => {
    const withPattern = (Regex: string): ModelTokenizer =>
      changed((json) => {
        json['pre_tokenizer'] = step({
          type: 'Split',
          pattern: { Regex },
          behavior: 'Isolated',
          invert: false,
        });
      });
    const hostile = withPattern('(\\p{L}+)+!');
    const start = performance.now();
    expect(() => hostile.encode('a'.repeat(60))).toThrow(/longer than 1501 ms/);
    expect(performance.now() - start).toBeLessThan(2000);
    expect(() => withPattern('a'.repeat(5000))).toThrow(/4096/);
    expect(() => withPattern('(')).toThrow(ReptraceError);
    expect(() => withPattern('('.repeat(4000))).toThrow(ReptraceError);
  });

  it('takes the text of a replacement literally', () => {
    const replace = { type: 'Replace', pattern: { String: 'x' }, content: '$&$1' };
    const dollars = changed((json) => {
      json['normalizer'] = step(replace);
      json['decoder'] = step(null);
    });
    expect(dollars.encode('x')).toEqual(dollars.encode('$&$1'));
  });
});
