/** Sliding windows, as config.json tells of them: their size, and which blocks have one. */
import { configInvalid, configUnsupported, field, show, wholeNumber, type Fields } from '../config-fields.ts';
import { LIMITS } from './config-parts.ts';

/**
 * The window of each block, from layer_types where the config has them.
 * @param size of sliding windows; null where there are none
 * @param slides which blocks slide, where the config does not list them
 */
export function readWindows(
  fields: Fields,
  layers: number,
  size: number | null,
  slides: (layer: number) => boolean,
): (number | null)[] {
  const kinds: unknown = field(fields, 'layer_types');
  if (kinds === undefined) {
    return Array.from({ length: layers }, (_, layer) => (size !== null && slides(layer) ? size : null));
  }
  if (!Array.isArray(kinds) || kinds.length !== layers) {
    throw configInvalid(`layer_types ${show(kinds)} does not list ${layers} layers`);
  }
  return kinds.map((kind: unknown) => {
    if (kind === 'full_attention') return null;
    if (kind === 'sliding_attention' && size !== null) return size;
    throw configUnsupported(
      `a layer of type ${show(kind)}${size === null ? ' without a sliding_window' : ''} is not implemented`,
      'Implemented: "full_attention", and in families with windows "sliding_attention".',
    );
  });
}

/**
 * The windows of a family whose blocks all have one, or none. transformers passes over what layer_types says in these
 * (Mistral, Phi-3), so a list that says otherwise has two meanings, and is refused.
 * @param fallback where sliding_window is absent
 */
export function uniformWindows(fields: Fields, layers: number, fallback: number | null): (number | null)[] {
  const size = windowSize(fields, fallback);
  const windows = readWindows(fields, layers, size, () => true);
  if (windows.every((window) => window === size)) return windows;
  throw configUnsupported(
    `sliding_window ${String(size)} beside layer_types ${show(field(fields, 'layer_types'))} is not implemented`,
    'In this family all blocks have the same window.',
  );
}

/** Tokens of a window, or null; `fallback` where the key is absent, which is not the same as null. */
export function windowSize(fields: Fields, fallback: number | null): number | null {
  if (!Object.hasOwn(fields, 'sliding_window')) return fallback;
  if (field(fields, 'sliding_window') === undefined) return null;
  return wholeNumber(fields, 'sliding_window', LIMITS.positions);
}
