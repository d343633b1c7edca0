/** Embeddings of the whole text, prompt and response: the traced model's own, and those of a sentence encoder. */
import { ReptraceError } from '../../lib/errors.ts';
import { cosines, meanVector } from './cosines.ts';
import type { Method } from './method.ts';
import { vectorBytes } from './needed.ts';

export const EMBEDDING: Method = {
  name: 'embedding',
  title: 'mean hidden state',
  source:
    "cos(m - c, m' - c), m the tuned model's mean hidden state over all positions, after the final norm, c its mean over the rows",
  needs: ['meanHidden'],
  bytesPerRow: ({ rows }) => vectorBytes(rows.meanHidden),
  scores: ({ rows, outputs }) => ({
    // Hidden states of one model are all alike until what they share is taken away.
    byOutput: cosines(outputs.meanHidden, rows.meanHidden, meanVector(rows.meanHidden)),
  }),
};

/** Not of every run: throws INPUT_INVALID where no sentence encoder was named. */
export const SENTENCE: Method = {
  name: 'sentence',
  title: 'sentence encoder',
  source: "cos(e, e'), e the mean over all positions of a sentence encoder's last hidden state",
  needs: ['sentence'],
  bytesPerRow: ({ rows }) => vectorBytes(rows.sentence),
  scores: ({ rows, outputs }) => {
    if (rows.sentence !== undefined && outputs.sentence !== undefined) {
      return { byOutput: cosines(outputs.sentence, rows.sentence) };
    }
    throw new ReptraceError(
      'INPUT_INVALID',
      'the method sentence has no vectors to compare: no sentence encoder was named',
      'Name the folder of one, or leave the method out.',
    );
  },
};
