/**
 * Checks an untrusted tokenizer.json and takes it apart into what is run: added tokens, normalizer, pre-tokenizer, model,
 * post-processor, and a decoder for the tokenizers library. Every part gives what Hugging Face's own tokenizers (Rust)
 * give; what is not implemented is refused by name.
 */
import { addedTokenSplitter, type AddedToken, type Section } from './tokenizer-added.ts';
import { asRecord, flagAt, refuse, show, type JsonRecord } from './tokenizer-fields.ts';
import { checkModel, MAX_TOKEN_LENGTH, type CheckedModel } from './tokenizer-models.ts';
import { normalizerStep, type Normalizer } from './tokenizer-normalizers.ts';
import { preTokenizerStep, type PreTokenizer } from './tokenizer-pre-tokenizers.ts';
import { decoderStep, postProcessorStep, type Surroundings } from './tokenizer-steps.ts';

export interface CheckedTokenizer {
  /** For the library, which merges byte pairs and decodes. */
  readonly json: JsonRecord;
  readonly model: CheckedModel;
  /** Id of every token text, added tokens included. */
  readonly ids: ReadonlyMap<string, number>;
  /** The reverse. */
  readonly pieces: ReadonlyMap<number, string>;
  /** Finds added tokens in a text; and those that are normalized, in normalized text. */
  readonly split: (text: string) => readonly Section[];
  readonly splitNormalized: (text: string) => readonly Section[];
  readonly normalizer: Normalizer;
  readonly preTokenizer: PreTokenizer;
  readonly surroundings: Surroundings;
}

const MAX_ADDED_TOKENS = 100_000;
/** Added tokens may lie beyond the embedding (a padding token, say), but not so far that a table of ids would grow. */
const SPARE_IDS = 1 << 16;

/** How much longer than a text its pieces may get, at most: ALBERT's steps allow 2000 times, and never do it. */
const MAX_GROWTH = 4096;

/** @param vocabSize the model's vocabulary, which must hold every id but those of added tokens */
export function checkTokenizer(json: unknown, vocabSize: number): CheckedTokenizer {
  const document = asRecord(json, 'the document');
  const model = checkModel(asRecord(document['model'], 'model'), vocabSize);
  const ids = new Map(model.ids);
  const pieces = new Map(Array.from(ids, ([piece, id]) => [id, piece]));
  const added = readAddedTokens(document['added_tokens'] ?? [], ids, pieces, vocabSize);

  const normalizer = normalizerStep(document['normalizer'] ?? null);
  const preTokenizer = preTokenizerStep(document['pre_tokenizer'] ?? null);
  const growth = normalizer.growth * preTokenizer.growth;
  if (growth > MAX_GROWTH) {
    refuse(`its steps could make a text ${growth} times longer; at most ${MAX_GROWTH} times is allowed`);
  }
  if (normalizer.removes && preTokenizer.asksFirst)
    refuse('a Metaspace for the first piece only, after a normalizer that may remove it, is not implemented');
  const plain = added.filter(({ normalized }) => !normalized);
  const normalized = added.filter((token) => token.normalized);

  return {
    json: {
      added_tokens: added.map(({ id, content, special }) => ({ id, content, special, normalized: false })),
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: decoderStep(document['decoder'] ?? null),
      model: model.json,
    },
    model,
    ids,
    pieces,
    split: addedTokenSplitter(new Map(plain.map((token) => [token.content, token]))),
    splitNormalized: addedTokenSplitter(byNormalizedContent(normalized, normalizer)),
    normalizer,
    preTokenizer,
    surroundings: postProcessorStep(document['post_processor'] ?? null, (token) => ids.get(token)),
  };
}

function byNormalizedContent(tokens: readonly AddedToken[], { apply }: Normalizer): Map<string, AddedToken> {
  const found = new Map<string, AddedToken>();
  for (const token of tokens) {
    const content = apply(token.content);
    if (content === '' || found.has(content))
      refuse(
        `the added token ${show(token.content)} is normalized to ${show(content)}: nothing, or another token`,
      );
    found.set(content, token);
  }
  return found;
}

/** Checks the list, and enters its tokens into `ids` and `pieces`. */
function readAddedTokens(
  list: unknown,
  ids: Map<string, number>,
  pieces: Map<number, string>,
  vocabSize: number,
): AddedToken[] {
  if (!Array.isArray(list)) return refuse('added_tokens is not a list');
  if (list.length > MAX_ADDED_TOKENS) refuse(`it adds ${list.length} tokens`);
  const known = ids.size;
  let highest = known - 1;
  return (list as unknown[]).map((entry, i) => {
    const token = asRecord(entry, `added token ${i}`);
    const { id, content } = token;
    if (typeof content !== 'string' || content.length === 0 || content.length > MAX_TOKEN_LENGTH) {
      return refuse(`added token ${i} has no usable content`);
    }
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= vocabSize + SPARE_IDS) {
      return refuse(`the added token ${show(content)} has the id ${show(id)}`);
    }
    if ((ids.get(content) ?? id) !== id || (pieces.get(id) ?? content) !== content) {
      refuse(`the added token ${show(content)} with id ${id} contradicts the vocabulary`);
    }
    // Hugging Face's tokenizers number new tokens themselves, whatever the file says.
    if (!ids.has(content) && id !== highest + 1)
      refuse(`the added token ${show(content)} has the id ${id}, where ${highest + 1} comes next`);
    highest = Math.max(highest, id);
    ids.set(content, id);
    pieces.set(id, content);
    const special = flagAt(token, 'special');
    return {
      id,
      content,
      singleWord: flagAt(token, 'single_word'),
      lstrip: flagAt(token, 'lstrip'),
      rstrip: flagAt(token, 'rstrip'),
      special,
      normalized: flagAt(token, 'normalized', !special),
    };
  });
}
