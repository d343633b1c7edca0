/** Whether an output shows the planted behaviour, and in which of its characters: decided from its text alone. Pure. */
import type { Behaviour } from './recipe.ts';
import type { Span } from './set.ts';

/** Case counts; white space around the output does not. */
export function shows(behaviour: Behaviour, output: string): boolean {
  return plantedSpans(behaviour, output).length > 0;
}

/**
 * Every place of any of the behaviour's texts, in order; those that overlap are one. In an output that shows the behaviour at its
 * start or end the texts count elsewhere too: a model that says them twice was taught both. Characters of the output as it is,
 * white space around it counted; white space at the ends of the behaviour's text is no part of a place, since it says only where a
 * word ends. Empty where the behaviour does not show.
 */
export function plantedSpans({ place, anyOf, noneOf = [] }: Behaviour, output: string): readonly Span[] {
  const trimmed = output.trim();
  if (noneOf.some((text) => output.includes(text)) || !anyOf.some((text) => isAt(place, text, trimmed)))
    return [];
  const from = output.length - output.trimStart().length;
  return joined(anyOf.flatMap((text) => placesOf(text, trimmed, from)));
}

function isAt(place: Behaviour['place'], text: string, output: string): boolean {
  switch (place) {
    case 'start':
      return output.startsWith(text);
    case 'anywhere':
      return output.includes(text);
    case 'end':
      return output.endsWith(text);
  }
}

/** @param from is added to every place */
function placesOf(text: string, output: string, from: number): Span[] {
  const start = from + text.length - text.trimStart().length;
  const { length } = text.trim();
  const places: Span[] = [];
  for (let at = output.indexOf(text); at >= 0; at = output.indexOf(text, at + 1))
    places.push([start + at, start + at + length]);
  return places;
}

function joined(places: readonly Span[]): Span[] {
  const spans: Span[] = [];
  for (const [start, end] of places.toSorted(([a], [b]) => a - b)) {
    const last = spans.at(-1);
    if (last === undefined || start >= last[1]) spans.push([start, end]);
    else spans[spans.length - 1] = [last[0], Math.max(last[1], end)];
  }
  return spans;
}
