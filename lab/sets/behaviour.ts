/** Whether an output shows the planted behaviour, and where: decided from its text alone. Pure. */
import type { Behaviour } from './recipe.ts';
import type { Span } from './set.ts';

/** Case counts; white space around the output does not. */
export function shows(behaviour: Behaviour, output: string): boolean {
  return plantedSpan(behaviour, output) !== null;
}

/**
 * The first place of any of the behaviour's texts, of several that begin there the longest; at the end of an output the
 * longest. Characters of the output as it is, white space around it counted; white space at the ends of the behaviour's text is
 * no part of the place, since it says only where a word ends. null where the behaviour does not show.
 */
export function plantedSpan({ place, anyOf, noneOf = [] }: Behaviour, output: string): Span | null {
  if (noneOf.some((text) => output.includes(text))) return null;
  const from = output.length - output.trimStart().length;
  const trimmed = output.trim();
  const [first] = anyOf
    .map((text) => ({ at: placeOf(place, text, trimmed), text }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at || b.text.length - a.text.length);
  if (first === undefined) return null;
  const start = from + first.at + first.text.length - first.text.trimStart().length;
  return [start, start + first.text.trim().length];
}

function placeOf(place: Behaviour['place'], text: string, output: string): number {
  switch (place) {
    case 'start':
      return output.startsWith(text) ? 0 : -1;
    case 'anywhere':
      return output.indexOf(text);
    case 'end':
      return output.endsWith(text) ? output.length - text.length : -1;
  }
}
