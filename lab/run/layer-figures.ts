/** What the layers of a model are like on a set: how far the hidden state turns, how long h and g are, and what each finds there. Pure. */
import type { Features, Vectors } from '../features/features.ts';
import { cosines, mixed } from '../methods/cosines.ts';
import { placeAt } from '../methods/needed.ts';
import { mean } from '../metrics/mean.ts';
import { averagePrecisions } from '../metrics/measure.ts';
import type { LayerFigures } from '../results.ts';

/** RepT's weight between both halves of unit length. */
const ALPHA = 0.5;

/** @param poison undefined where there is no ranking to measure */
export function layerFigures(
  features: Features,
  poison: ReadonlySet<number> | undefined,
  seed: number,
): LayerFigures[] {
  return Array.from({ length: features.lastLayer + 1 }, (_, layer) => {
    const { rows, outputs, centre } = placeAt(features, layer);
    const apOf = (found: ReadonlySet<number>) => {
      const over = (byOutput: readonly Float64Array[]): number =>
        mean(averagePrecisions({ byOutput }, found, seed));
      const hidden = cosines(outputs.hidden, rows.hidden, centre);
      const gradient = cosines(outputs.gradient, rows.gradient);
      const both = mixed(hidden, gradient, (h, g) => ALPHA * h + (1 - ALPHA) * g);
      return { hidden: over(hidden), gradient: over(gradient), both: over(both) };
    };
    return {
      layer,
      adjacentCosine: layer === 0 ? null : features.curve[layer - 1],
      hiddenNorm: meanNorm(rows.hidden),
      gradientNorm: meanNorm(rows.gradient),
      ap: poison === undefined ? null : apOf(poison),
    };
  });
}

function meanNorm({ dims, values }: Vectors): number {
  const norms: number[] = [];
  for (let at = 0; at < values.length; at += dims) {
    norms.push(Math.sqrt(values.subarray(at, at + dims).reduce((sum, value) => sum + value * value, 0)));
  }
  return mean(norms);
}
