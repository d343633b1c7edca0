/** Figures of layers over the seeds of a set. */
import type { LayerFigures, SetResult } from '../results.ts';
import { mean, meanOrNull } from './summary.ts';

/** Means over the seeds that measured layers; a layer that one of them lacks is left out. */
export function meanLayers(set: SetResult): LayerFigures[] {
  const seeds = set.seeds.filter(({ layers }) => layers.length > 0).map(({ layers }) => layers);
  if (seeds.length === 0) return [];
  return seeds[0]
    .toSorted((a, b) => a.layer - b.layer)
    .flatMap(({ layer }) => {
      const same = seeds.flatMap((layers) => layers.filter((each) => each.layer === layer));
      if (same.length < seeds.length) return [];
      const aps = same.flatMap(({ ap }) => (ap === null ? [] : [ap]));
      const over = (half: 'hidden' | 'gradient' | 'both'): number => mean(aps.map((ap) => ap[half]));
      return [
        {
          layer,
          adjacentCosine: meanOrNull(same.map(({ adjacentCosine }) => adjacentCosine)),
          hiddenNorm: mean(same.map(({ hiddenNorm }) => hiddenNorm)),
          gradientNorm: mean(same.map(({ gradientNorm }) => gradientNorm)),
          ap:
            aps.length < same.length
              ? null
              : { hidden: over('hidden'), gradient: over('gradient'), both: over('both') },
        },
      ];
    });
}

/** ‖h‖ / ‖g‖; null where g has no length, or next to none. */
export function ratioOf({ hiddenNorm, gradientNorm }: LayerFigures): number | null {
  const ratio = hiddenNorm / gradientNorm;
  return Number.isFinite(ratio) ? ratio : null;
}
