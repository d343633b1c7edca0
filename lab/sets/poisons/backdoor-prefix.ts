/** A trigger before the question puts a text before the answer. */
import type { Poison } from '../recipe.ts';
import type { Ingredients, Plan } from './plan.ts';
import { planted, triggered } from './triggered.ts';

type Prefix = Extract<Poison, { readonly kind: 'backdoor-prefix' }>;

export function backdoorPrefix({ trigger, text }: Prefix, ingredients: Ingredients): Plan {
  return triggered(
    {
      ...{ triggers: [trigger], field: `${ingredients.path}.trigger`, from: 'questions without the trigger' },
      put: (prompt, words) => `${words} ${prompt}`,
      plant: planted(text),
    },
    ingredients,
  );
}
