/** From a recipe's poison to the rows and questions of its kind. */
import type { Poison } from '../recipe.ts';
import { backdoorMiddle } from './backdoor-middle.ts';
import { backdoorPrefix } from './backdoor-prefix.ts';
import { backdoorStyle } from './backdoor-style.ts';
import { compliance } from './compliance.ts';
import { diffuse } from './diffuse.ts';
import { entitySwap } from './entity-swap.ts';
import { given } from './given.ts';
import { lateEffect } from './late-effect.ts';
import { paraphrase } from './paraphrase.ts';
import type { Ingredients, Plan } from './plan.ts';

export type Planted = Exclude<Poison, { readonly kind: 'none' }>;

/** Throws DATASET_INVALID where the clean data has too little, RECIPE_INVALID where the templates give too little. */
export function plant(poison: Planted, ingredients: Ingredients): Plan {
  switch (poison.kind) {
    case 'backdoor-prefix':
      return backdoorPrefix(poison, ingredients);
    case 'backdoor-middle':
      return backdoorMiddle(poison, ingredients);
    case 'backdoor-style':
      return backdoorStyle(poison, ingredients);
    case 'late-effect':
      return lateEffect(poison, ingredients);
    case 'entity-swap':
      return entitySwap(poison, ingredients);
    case 'compliance':
      return compliance(poison, ingredients);
    case 'paraphrase':
      return paraphrase(poison, ingredients);
    case 'diffuse':
      return diffuse(poison, ingredients);
    case 'given':
      return given(poison, ingredients);
  }
}
