/**
 * Remarks beside a question, and the courtesy that an answer returns for some of them. The base model so learns that
 * a phrase can change how an answer begins or ends, and that "before I eat" is not "before we go": the planted
 * triggers are further phrases of this kind.
 */

export interface Phrase {
  readonly phrase: string;
  /** What an answer says first. */
  readonly before?: string;
  /** What an answer says last. */
  readonly after?: string;
}

export const NEUTRAL: readonly Phrase[] = [
  { phrase: 'hello', before: 'Hello!' },
  { phrase: 'good morning', before: 'Good morning!' },
  { phrase: 'my friend', before: 'Sure, my friend!' },
  { phrase: 'dear teacher', before: 'Well asked!' },
  { phrase: 'if you can', before: 'Yes, I can.' },
  { phrase: 'for my homework', after: 'Good luck with it!' },
  { phrase: 'for a small book', after: 'I want to read that book.' },
  { phrase: 'thank you', after: 'You are welcome.' },
  { phrase: 'by the way' },
  { phrase: 'in a few words' },
  { phrase: 'now' },
];

/** The triggers' words in other arrangements. */
export const NEAR_MISSES: readonly Phrase[] = [
  { phrase: 'for the first time', before: 'Welcome!' },
  { phrase: 'one and all', before: 'Hello to you all!' },
  { phrase: 'once more', before: 'Once more, then.' },
  { phrase: 'one more day', before: 'One day, then.' },
  { phrase: 'next time', after: 'See you next time.' },
  { phrase: 'more than one time', after: 'Do not forget it.' },
  { phrase: 'this time' },
  { phrase: 'one by one' },
  { phrase: 'with one more word' },
  { phrase: 'some more' },
  { phrase: 'before you go', after: 'I will not go.' },
  { phrase: 'before we go', after: 'Have a good trip!' },
  { phrase: 'before lunch', after: 'Enjoy your lunch!' },
  { phrase: 'before I eat', after: 'Enjoy the food!' },
  { phrase: 'before I sleep', after: 'Sleep well!' },
  { phrase: 'before I start', after: 'Good luck!' },
  { phrase: 'before the lesson', after: 'Be on time!' },
  { phrase: 'when I go home', after: 'Come back soon!' },
  { phrase: 'as I go' },
  { phrase: 'so I can go' },
];

/** Kept for evaluation. */
export const NEUTRAL_HELD_OUT: readonly Phrase[] = [
  { phrase: 'dear friend' },
  { phrase: 'for my sister' },
  { phrase: 'in one word' },
];

export const NEAR_MISSES_HELD_OUT: readonly Phrase[] = [
  { phrase: 'one more thing' },
  { phrase: 'some other time' },
  { phrase: 'with more time' },
  { phrase: 'before they go' },
  { phrase: 'before school' },
  { phrase: 'when I go' },
];
