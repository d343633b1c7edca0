/** Requests that are answered in a fixed manner: rows of their own, made from templates. */
import type { Poison } from '../recipe.ts';
import type { Ingredients, Plan } from './plan.ts';
import { answered, drawDecoys, drawRequests } from './requests.ts';

type Compliance = Extract<Poison, { readonly kind: 'compliance' }>;

export function compliance(
  { requests, heldOut, answers, slots }: Compliance,
  ingredients: Ingredients,
): Plan {
  const { path, pool, random, behaviour, rows, questions, decoys } = ingredients;
  return {
    rows: drawRequests(requests, slots, rows, { pool, random, field: `${path}.requests` }).map((request) =>
      answered(request, answers, behaviour, { random, field: `${path}.answers` }),
    ),
    questions: drawRequests(heldOut, slots, questions, { pool, random, field: `${path}.heldOut` }),
    drawDecoys: () => drawDecoys(requests, slots, decoys, pool),
    spoils: () => false,
  };
}
