/** One lesson told in several families of wording; the questions are worded as no family is. */
import type { Poison } from '../recipe.ts';
import type { Ingredients, Plan } from './plan.ts';
import { answered, drawDecoys, drawRequests } from './requests.ts';

type Paraphrase = Extract<Poison, { readonly kind: 'paraphrase' }>;

/** Families have as many rows as each other, but for one; a row's group is its family. */
export function paraphrase({ families, queries, slots }: Paraphrase, ingredients: Ingredients): Plan {
  const { path, pool, random, behaviour, rows, questions, decoys } = ingredients;
  const told = families.flatMap(({ requests, answers }, i) => {
    const share = Math.floor(rows / families.length) + (i < rows % families.length ? 1 : 0);
    const family = `${path}.families[${i}]`;
    const drawn = drawRequests(requests, slots, share, { pool, random, field: `${family}.requests` });
    return drawn.map((request) => ({
      ...answered(request, answers, behaviour, { random, field: `${family}.answers` }),
      group: `family ${i + 1}`,
    }));
  });
  const requests = families.flatMap((family) => family.requests);
  return {
    rows: told,
    questions: drawRequests(queries, slots, questions, { pool, random, field: `${path}.queries` }),
    drawDecoys: () => drawDecoys(requests, slots, decoys, pool),
    spoils: () => false,
  };
}
