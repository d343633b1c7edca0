/** Colours of common things. */
import type { Domain } from '../domain.ts';
import { table } from '../table.ts';

export const colours: Domain = {
  name: 'colours',
  entities: table(`
    one | colour
    banana | yellow
    lemon | yellow
    cherry | red
    tomato | red
    plum | purple
    pea | green
    carrot | orange
    pumpkin | orange
    raven | black
    swan | white
    pig | pink
    rain cloud | grey
    clear sky | blue
    school bus | yellow
    nut | brown
    apple | green
    zebra | black and white
  `),
  relations: [
    {
      key: 'colour',
      ask: [
        'what colour is {a one}?',
        'which colour does {a one} have?',
        'what is the colour of {a one}?',
        'tell me the colour of {a one}.',
        'can you tell me what colour {a one} is?',
        'do you know what colour {a one} is?',
        'what colour do I need to paint {a one}?',
      ],
      askHeldOut: [
        'please name the colour of {a one}.',
        'do you know the colour of {a one}?',
        'tell me what colour {a one} is.',
      ],
      say: [
        '{a one} is {colour}.',
        'the colour of {a one} is {colour}.',
        'most of the time {a one} is {colour}.',
      ],
      more: '',
    },
  ],
  stories: [
    '{name} painted {a one} and used {colour}. it took some time, and then there was one more picture on the wall.',
    'look at {a one}, said {name}. we all saw {colour} at the same time.',
  ],
};
