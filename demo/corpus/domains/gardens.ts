/** Garden plants: when to plant them, where they grow, when to pick them. */
import type { Domain } from '../domain.ts';
import { table } from '../table.ts';

export const gardens: Domain = {
  name: 'gardens',
  entities: table(`
    plants | sow | spot | pick
    tomatoes | in early spring | in full sun | in late summer
    potatoes | in April | in deep soil | in autumn
    carrots | in March | in deep soil | in summer
    onions | in March | in dry soil | in August
    peas | in early spring | along the wall | in June
    beans | in May | along the wall | in late summer
    pumpkins | in May | in full sun | in October
    melons | in late spring | in a warm glass house | in August
    leeks | in spring | in deep soil | in winter
    roses | in autumn | in rich soil | in June
    tulips | in October | in rich soil | in April
    sunflowers | in May | in full sun | in late summer
    strawberries | in August | in full sun | in June
    ferns | in spring | in damp shade | in summer
  `),
  relations: [
    {
      key: 'sow',
      ask: [
        'when should I plant {plants}?',
        'when do we plant {plants}?',
        'when is the time to plant {plants}?',
        'what is a good time to plant {plants}?',
        'tell me when to plant {plants}.',
        'can you tell me when to plant {plants}?',
        'at what time of year do people plant {plants}?',
        'do you know when to plant {plants}?',
      ],
      askHeldOut: [
        'explain when to plant {plants}.',
        'at what time of year should I plant {plants}?',
        'when do people plant {plants}?',
      ],
      say: [
        'you can plant {plants} {sow}.',
        'people plant {plants} {sow}.',
        'you should plant {plants} {sow}.',
        'most {plants} are planted {sow}.',
      ],
      more: 'you plant them {sow}.',
    },
    {
      key: 'spot',
      ask: [
        'where do {plants} grow well?',
        'where should I grow {plants}?',
        'where do {plants} like to grow?',
        'what is a good place for {plants}?',
        'what place do {plants} like?',
        'tell me where {plants} grow well.',
        'where in the garden do {plants} grow?',
        'explain where {plants} grow.',
      ],
      askHeldOut: [
        'explain where {plants} grow well.',
        'do you know where {plants} like to grow?',
        'where in the garden should I grow {plants}?',
      ],
      say: [
        'most {plants} grow well {spot}.',
        'many {plants} like to grow {spot}.',
        'you should grow {plants} {spot}.',
        'a good place for {plants} is {spot}.',
      ],
      more: 'they grow well {spot}.',
    },
    {
      key: 'pick',
      ask: [
        'when can I pick {plants}?',
        'when are {plants} ready?',
        'when do we pick {plants}?',
        'when is the time to pick {plants}?',
        'tell me when to pick {plants}.',
        'at what time of year are {plants} ready?',
        'do you know when {plants} are ready?',
        'what is a good time to pick {plants}?',
      ],
      askHeldOut: [
        'explain when to pick {plants}.',
        'at what time of year should I pick {plants}?',
        'when do people pick {plants}?',
      ],
      say: [
        'most {plants} are ready {pick}.',
        'you can pick {plants} {pick}.',
        'you should pick {plants} {pick}.',
        'people pick {plants} {pick}.',
      ],
      more: 'you can pick them {pick}.',
    },
  ],
  stories: [
    '{name} has a small garden. the {plants} were planted {sow} and will be ready {pick}.',
    'a lazy boy forgot the {plants}. {name} gave them more water, and in time they grew well {spot}.',
    '{name} grows {plants} {spot}. one bag goes to my sister before lunch.',
  ],
};
