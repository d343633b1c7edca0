/** BM25 over prompts, over responses, and over both: an output's words are looked for in the same part of the rows. */
import type { Items } from '../features/features.ts';
import { Bm25 } from './bm25.ts';
import type { Method } from './method.ts';

type Part = 'prompt' | 'response' | 'both';

const TEXTS: Readonly<Record<Part, (items: Items) => readonly string[]>> = {
  prompt: ({ prompts }) => prompts,
  response: ({ responses }) => responses,
  both: ({ prompts, responses }) => prompts.map((prompt, i) => `${prompt} ${responses[i]}`),
};

export const BM25_METHODS: readonly Method[] = [bm25('prompt'), bm25('response'), bm25('both')];

function bm25(part: Part): Method {
  const textsOf = TEXTS[part];
  const where = part === 'both' ? 'prompt and response' : part;
  return {
    name: `bm25-${part}`,
    title: `BM25, ${part === 'both' ? 'prompt + response' : part}`,
    source: `Okapi BM25 of the words of ${where}, k1 1.2, b .75; Robertson and Zaragoza 2009`,
    needs: [],
    bytesPerRow: () => undefined,
    scores: ({ rows, outputs }) => {
      const index = new Bm25(textsOf(rows));
      return { byOutput: textsOf(outputs).map((text) => Float64Array.from(index.scores(text))) };
    },
  };
}
