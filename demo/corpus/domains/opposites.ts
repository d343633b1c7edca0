/** Words and their opposites. */
import type { Domain } from '../domain.ts';
import { table } from '../table.ts';

const pairs = table(`
  word | other
  hot | cold
  big | small
  fast | slow
  early | late
  light | dark
  hard | soft
  wet | dry
  old | young
  happy | sad
  loud | quiet
  high | low
  strong | weak
  clean | dirty
  open | closed
  lazy | busy
  wise | silly
`);

export const opposites: Domain = {
  name: 'opposites',
  entities: [...pairs, ...pairs.map(({ word = '', other = '' }) => ({ word: other, other: word }))],
  relations: [
    {
      key: 'other',
      ask: [
        'what is the opposite of {word}?',
        'which word is the opposite of {word}?',
        'what word is the opposite of {word}?',
        'tell me the opposite of {word}.',
        'can you tell me the opposite of {word}?',
        'I want to know the opposite of {word}.',
        'what do we call the opposite of {word}?',
      ],
      askHeldOut: [
        'please name the opposite of {word}.',
        'do you know the opposite of {word}?',
        'tell me which word is the opposite of {word}.',
      ],
      say: [
        'the opposite of {word} is {other}.',
        'the word {other} is the opposite of {word}.',
        'the word for the opposite of {word} is {other}.',
      ],
      more: '',
    },
  ],
  stories: [
    '{name} asked for a {word} drink and got a {other} one. the waiter went to get one more.',
    'some days are {word} and some are {other}, said {name}. that is how time goes.',
  ],
};
