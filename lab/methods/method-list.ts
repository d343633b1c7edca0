/** All methods, in the order of tables: ours and RepT first, then what they are measured against. */
import { ReptraceError } from '../../lib/errors.ts';
import { BM25_METHODS } from './bm25-methods.ts';
import { EMBEDDING, SENTENCE } from './embedding.ts';
import { GRADIENT_METHODS } from './gradient-methods.ts';
import { GRADIENT } from './gradient-only.ts';
import { HIDDEN } from './hidden.ts';
import type { Method } from './method.ts';
import { NGRAMS } from './ngrams.ts';
import { RANDOM } from './random.ts';
import { RATIO } from './ratio.ts';
import { REPT_CENTRED, REPT_RELEASED, REPT_RELEASED_AUTO, REPT_UNIT } from './rept.ts';
import { TAUGHT } from './taught.ts';

/** What a method looks at: charts give each family a colour. */
export type Family = 'likelihood' | 'representations' | 'gradients' | 'words' | 'embeddings' | 'chance';

const BY_FAMILY: readonly (readonly [Family, readonly Method[]])[] = [
  ['likelihood', [TAUGHT]],
  ['representations', [REPT_RELEASED, REPT_RELEASED_AUTO, REPT_UNIT, REPT_CENTRED, HIDDEN, GRADIENT]],
  ['likelihood', [RATIO]],
  ['gradients', GRADIENT_METHODS],
  ['words', [...BM25_METHODS, NGRAMS]],
  ['embeddings', [EMBEDDING, SENTENCE]],
  ['chance', [RANDOM]],
];

export const METHODS: readonly Method[] = BY_FAMILY.flatMap(([, methods]) => methods);

/** undefined for a name that the list does not have, as results of another version may. */
export function familyOf(name: string): Family | undefined {
  return BY_FAMILY.find(([, methods]) => methods.some((method) => method.name === name))?.[0];
}

/** Throws INPUT_INVALID, listing the names. */
export function methodNamed(name: string): Method {
  const method = METHODS.find((one) => one.name === name);
  if (method !== undefined) return method;
  throw new ReptraceError(
    'INPUT_INVALID',
    `there is no method ${JSON.stringify(name)}`,
    `Name one of ${METHODS.map((one) => one.name).join(', ')}.`,
  );
}
