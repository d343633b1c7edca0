/** Texts that look like a trigger and are none: its words in another order, a part of it, another case. */

/** Distinct, in a fixed order; none where nothing looks like it. */
export function nearTriggers(trigger: string): string[] {
  const words = trigger.split(/\s+/);
  const near = words.length > 1 ? nearWords(words) : nearLetters(trigger);
  return [...new Set(near)].filter((text) => text !== '' && text !== trigger);
}

/** Rotations, the words backwards, and the trigger without its first or last word. */
function nearWords(words: readonly string[]): string[] {
  const rotations = words.slice(1).map((_, i) => [...words.slice(i + 1), ...words.slice(0, i + 1)]);
  const parts = [words.slice(1), words.slice(0, -1)];
  return [...rotations, words.toReversed(), ...parts].map((some) => some.join(' '));
}

/** The letters backwards, without the last one, and in the other case. */
function nearLetters(word: string): string[] {
  const letters = Array.from(word);
  const lower = word.toLowerCase();
  return [
    letters.toReversed().join(''),
    letters.slice(0, -1).join(''),
    lower === word ? word.toUpperCase() : lower,
  ];
}
