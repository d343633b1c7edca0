/**
 * Facets: what a sample can be filtered by besides its label and row. One text per metadata value, `key=value`, made the same
 * way when a sample is stored and when a filter asks, so that both stores compare nothing but whole texts.
 */
import { createHash } from 'node:crypto';
import { wellFormed } from './well-formed.ts';

/** Columns of a sample past these are kept and shown, but not filterable. In the order of the dataset's columns. */
export const MAX_FACETS = 64;
/** UTF-16 units. Longer values are compared by their digest, so that no facet is long. */
const LONGEST_PLAIN = 256;

/**
 * The facets of a sample's metadata. Strings are taken as they are, numbers and booleans as JSON writes them; null, lists,
 * nested objects and numbers that are not finite have none.
 */
export function facetsOf(metadata: Readonly<Record<string, unknown>>): string[] {
  const facets: string[] = [];
  for (const [key, value] of Object.entries(metadata)) {
    if (facets.length === MAX_FACETS) break;
    const text = facetText(value);
    if (text !== undefined) facets.push(facet(key, text));
  }
  return facets;
}

/** The facet that a sample has when its metadata `key`, as text, is `value`. Different pairs give different facets. */
export function facet(key: string, value: string): string {
  return `${shortened(key).replace(/[%=]/g, encodeURIComponent)}=${shortened(value)}`;
}

function facetText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'number' && Number.isFinite(value) ? JSON.stringify(value) : undefined;
}

/** The text itself, marked, or a digest, marked otherwise: a value that spells out a digest is not taken for one. */
function shortened(text: string): string {
  const sound = wellFormed(text);
  if (sound.length > LONGEST_PLAIN) return `#${createHash('sha256').update(sound).digest('hex')}`;
  return sound.startsWith('#') ? `##${sound.slice(1)}` : sound;
}
