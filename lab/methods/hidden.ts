/** h at p alone: which rows ask the same. It depends on the prompt and not on what was said. */
import { cosines } from './cosines.ts';
import type { Method } from './method.ts';
import { placeAt, vectorBytes } from './needed.ts';

export const HIDDEN: Method = {
  name: 'hidden',
  title: 'centred h alone',
  source: "cos(h - c, h' - c) at p, at the rule's layer, c the mean of h (RepSim with centring)",
  needs: ['layers'],
  bytesPerRow: ({ rows, layer }) => vectorBytes(rows.layers.get(layer)?.hidden),
  scores: (features) => {
    const { layer } = features;
    const { rows, outputs, centre } = placeAt(features, layer);
    return { layer, byOutput: cosines(outputs.hidden, rows.hidden, centre) };
  },
};
