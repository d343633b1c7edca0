/** Whether two models read text the same way: asked before the same token ids are given to both. */
import { ReptraceError } from '../../../../lib/errors.ts';
import type { ModelSource } from './model-source.ts';

/** Throws TOKENIZER_MISMATCH unless both have the same tokenizer (or neither has one) and vocabulary size. */
export function assertSameTokenizer(model: ModelSource, base: ModelSource): void {
  if (model.config.vocabSize !== base.config.vocabSize) {
    throw mismatch(model, base, `a vocabulary of ${model.config.vocabSize} against ${base.config.vocabSize}`);
  }
  if (model.tokenizerDigest !== base.tokenizerDigest) {
    throw mismatch(model, base, 'their tokenizer.json differ');
  }
}

function mismatch(model: ModelSource, base: ModelSource, what: string): ReptraceError {
  return new ReptraceError(
    'TOKENIZER_MISMATCH',
    `the model ${model.path} and the base ${base.path} have different tokenizers: ${what}`,
    'Name the base model that this model was fine-tuned from.',
  );
}
