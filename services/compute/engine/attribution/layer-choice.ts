/**
 * Which layer to trace at, from how the hidden state turns between layers:
 *   c[i] = mean over a probe set of cos(hidden state i, hidden state i + 1) at p,  i = 0 … L - 1
 * Rule `deep` (ours): 1 + argmin over i = floor(L / 2) … L - 2, the deeper half without the final norm; L when L <= 3.
 * Rule `released` (RepT's script): 1 + argmin over i = 1 … L - 2. Kept for comparison.
 */
import { cosine, type Vector } from './vectors.ts';

export type LayerRule = 'deep' | 'released';

/** Rows of a dataset that the curve is averaged over. */
export const PROBE_ROWS = 64;

/** @param hidden hidden states 0 … L at p */
export function adjacentCosine(hidden: readonly Vector[]): number[] {
  return hidden.slice(1).map((state, i) => cosine(hidden[i] ?? [], state));
}

/** The mean of samples' curves, all of length L. */
export function meanCurve(curves: readonly (readonly number[])[]): number[] {
  return (curves[0] ?? []).map(
    (_, i) => curves.reduce((sum, curve) => sum + (curve[i] ?? 0), 0) / curves.length,
  );
}

/** @param curve c, of length L >= 1 */
export function chooseLayer(curve: readonly number[], rule: LayerRule = 'deep'): number {
  const layers = curve.length;
  if (layers <= 3) return layers;
  const from = rule === 'deep' ? Math.floor(layers / 2) : 1;
  let best = from;
  for (let i = from; i <= layers - 2; i++) {
    if ((curve[i] ?? 0) < (curve[best] ?? 0)) best = i;
  }
  return best + 1;
}

/** At most `count` indices below `total`, evenly spaced, the first included. */
export function probeIndices(total: number, count = PROBE_ROWS): number[] {
  const taken = Math.min(total, count);
  return Array.from({ length: taken }, (_, i) => Math.floor((i * total) / taken));
}
