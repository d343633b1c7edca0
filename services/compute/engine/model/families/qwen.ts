/** What Qwen2 and Qwen3 share: windows in the upper blocks only, by two keys of their own. */
import { flag, wholeNumber, type Fields } from '../config-fields.ts';
import { LIMITS } from './config-parts.ts';
import { readWindows, windowSize } from './windows.ts';

const DEFAULT_WINDOW = 4096;
const DEFAULT_MAX_WINDOW_LAYERS = 28;

/** A sliding_window counts only with use_sliding_window, and from block max_window_layers on. */
export function qwenWindows(fields: Fields, layers: number): (number | null)[] {
  const size = flag(fields, 'use_sliding_window', false) ? windowSize(fields, DEFAULT_WINDOW) : null;
  const first = wholeNumber(
    fields,
    'max_window_layers',
    { min: 0, max: LIMITS.layers.max },
    DEFAULT_MAX_WINDOW_LAYERS,
  );
  return readWindows(fields, layers, size, (layer) => layer >= first);
}
