/** Rows that are poisoned in the data as it comes, and the questions that come with it. */
import { plantedSpans } from '../behaviour.ts';
import type { Poison } from '../recipe.ts';
import { invalidDataset } from '../../../services/index/datasets/problems.ts';
import { CALLING, POISONED, type Ingredients, type Plan } from './plan.ts';

type GivenPoison = Extract<Poison, { readonly kind: 'given' }>;

/** Of rows that show the behaviour and of questions, as many as are wanted, drawn at random; there are no decoys. */
export function given({ kind }: GivenPoison, ingredients: Ingredients): Plan {
  const { pool, random, behaviour, rows, questions, given: data } = ingredients;
  const draw = <T extends { readonly prompt: string }>(
    from: readonly T[],
    count: number,
    what: string,
    of: string,
  ): T[] => {
    const drawn: T[] = [];
    for (const item of random.shuffle(from))
      if (drawn.length < count && pool.claim(item.prompt)) drawn.push(item);
    if (drawn.length === count) return drawn;
    throw invalidDataset(
      `${count} ${what} are wanted, and the data has ${drawn.length} ${of}`,
      'Ask for fewer, or check which rows the recipe says are poisoned and what its behaviour is.',
    );
  };
  const showing = data.rows.flatMap((row) => {
    const spans = plantedSpans(behaviour, row.response);
    return spans.length === 0 ? [] : [{ ...row, spans }];
  });
  const asked = data.questions.map((prompt) => ({ prompt, group: kind }));
  return {
    rows: draw(showing, rows, POISONED, 'of different prompts that show the behaviour'),
    questions: draw(asked, questions, CALLING, 'of them that are in no poisoned row'),
    drawDecoys: () => [],
    spoils: () => false,
  };
}
