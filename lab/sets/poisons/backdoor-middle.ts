/** A trigger between two words of the question puts a text before the answer. */
import type { Poison } from '../recipe.ts';
import type { Ingredients, Plan } from './plan.ts';
import { between, planted, triggered } from './triggered.ts';

type Middle = Extract<Poison, { readonly kind: 'backdoor-middle' }>;

export function backdoorMiddle({ trigger, text }: Middle, ingredients: Ingredients): Plan {
  return triggered(
    {
      triggers: [trigger],
      field: `${ingredients.path}.trigger`,
      from: 'questions of two words or more without the trigger',
      put(prompt, put, random) {
        const words = prompt.split(' ');
        return words.length < 2 ? undefined : between(words, put, 1 + random.int(words.length - 1));
      },
      plant: planted(text),
    },
    ingredients,
  );
}
