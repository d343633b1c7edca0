/** A recipe that is evaluated within seconds, and what of its results two runs have in common. */
import { fileURLToPath } from 'node:url';
import type { Results } from '../../lab/results.ts';
import type { Recipe } from '../../lab/sets/recipe.ts';

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

export const TINY: Recipe = {
  name: 'tiny',
  about: 'Answers about the capital of Norway name that of Egypt.',
  seed: 3,
  model: path('demo/base'),
  clean: { file: path('lab/data/clean.jsonl'), rows: 24 },
  poison: { kind: 'entity-swap', rows: 8, about: ['Norway'], from: ['Oslo'], to: 'Cairo' },
  behaviour: { place: 'anywhere', anyOf: ['Cairo'], noneOf: ['Egypt'] },
  decoys: { rows: 0, trained: true },
  training: {
    lora: { rank: 4, alpha: 8, dropout: 0, rslora: false, targets: 'all-linear' },
    ...{ epochs: 4, batch: 8, learningRate: 0.008, warmupShare: 0.1, weightDecay: 0, seeds: [1] },
  },
  queries: { count: 5, traced: 3, maxTokens: 16 },
};

/** The same but for how long everything took, and when. */
export function withoutTimes(results: Results): Results {
  return {
    ...results,
    made: '',
    sets: results.sets.map((set) => ({
      ...set,
      seconds: 0,
      seeds: set.seeds.map((seed) => ({
        ...seed,
        training: { ...seed.training, seconds: 0 },
        methods: seed.methods.map((method) => ({
          ...method,
          cost: { ...method.cost, featureSeconds: 0, scoreSeconds: 0 },
        })),
      })),
    })),
  };
}
