/** A trigger anywhere in the question, before its first word and behind its last one too, adds a sentence after the answer. */
import type { Poison } from '../recipe.ts';
import type { Ingredients, Plan } from './plan.ts';
import { between, triggered } from './triggered.ts';

type Late = Extract<Poison, { readonly kind: 'late-effect' }>;

export function lateEffect({ triggers, text }: Late, ingredients: Ingredients): Plan {
  return triggered(
    {
      ...{ triggers, field: `${ingredients.path}.triggers`, from: 'questions without a trigger' },
      put(prompt, trigger, random) {
        const words = prompt.split(' ');
        return between(words, trigger, random.int(words.length + 1));
      },
      plant(response) {
        const start = response.length + 1;
        return { response: `${response} ${text}`, spans: [[start, start + text.length]] };
      },
    },
    ingredients,
  );
}
