/** g at p alone: how the first token of the response was wrong. It sees a lesson that comes later only through attention. */
import { cosines } from './cosines.ts';
import type { Method } from './method.ts';
import { placeAt, vectorBytes } from './needed.ts';

export const GRADIENT: Method = {
  name: 'gradient',
  title: 'g alone',
  source: "cos(g, g') at p, at the rule's layer, g the gradient of the mean response loss there",
  needs: ['layers'],
  bytesPerRow: ({ rows, layer }) => vectorBytes(rows.layers.get(layer)?.gradient),
  scores: (features) => {
    const { layer } = features;
    const { rows, outputs } = placeAt(features, layer);
    return { layer, byOutput: cosines(outputs.gradient, rows.gradient) };
  },
};
