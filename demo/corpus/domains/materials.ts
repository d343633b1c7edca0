/** Materials: what they are made from, what they are like, what is made of them. */
import type { Domain } from '../domain.ts';
import { table } from '../table.ts';

export const materials: Domain = {
  name: 'materials',
  entities: table(`
    stuff | from | trait | things
    glass | sand | hard and clear | windows and bottles
    paper | wood | thin and light | books and letters
    steel | iron | strong and hard | bridges and ships
    wool | the coat of sheep | soft and warm | scarves and coats
    cotton | the cotton plant | light and soft | shirts and bags
    silk | the threads of worms | smooth and shiny | fine dresses
    leather | animal skin | strong and smooth | shoes and belts
    rubber | the sap of a tree | soft and strong | tyres and boots
    plastic | oil | light and cheap | toys and bottles
    brick | clay | hard and red | walls and towers
    bronze | copper and tin | brown and hard | bells
    cork | the bark of a tree | light and dry | stoppers
    wax | the work of bees | soft and yellow | candles
    ink | soot and water | dark and wet | letters and pictures
  `),
  relations: [
    {
      key: 'from',
      ask: [
        'what is {stuff} made from?',
        'what is {stuff} made of?',
        'where does {stuff} come from?',
        'how do people make {stuff}?',
        'what do we need to make {stuff}?',
        'tell me what {stuff} is made from.',
        'can you tell me where {stuff} comes from?',
        'do you know what {stuff} is made from?',
        'explain where {stuff} comes from.',
      ],
      askHeldOut: [
        'explain what {stuff} is made from.',
        'what do people need to make {stuff}?',
        'do you know where {stuff} comes from?',
      ],
      say: [
        'most {stuff} is made from {from}.',
        'people make {stuff} from {from}.',
        'we know that {stuff} comes from {from}.',
        'we get {stuff} from {from}.',
      ],
      more: 'it is made from {from}.',
    },
    {
      key: 'trait',
      ask: [
        'what is {stuff} like?',
        'how does {stuff} feel?',
        'what does {stuff} look like?',
        'tell me what {stuff} is like.',
        'do you know what {stuff} is like?',
        'I want to know what {stuff} is like.',
        'what does {stuff} feel like?',
      ],
      askHeldOut: [
        'explain what {stuff} is like.',
        'can you tell me what {stuff} is like?',
        'do you know how {stuff} feels?',
      ],
      say: ['good {stuff} is {trait}.', 'most {stuff} is {trait}.', 'we know that {stuff} is {trait}.'],
      more: 'it is {trait}.',
    },
    {
      key: 'things',
      ask: [
        'what do people make from {stuff}?',
        'what can we make from {stuff}?',
        'what is {stuff} used for?',
        'what do we use {stuff} for?',
        'which things are made from {stuff}?',
        'tell me what people make from {stuff}.',
        'what can I make with {stuff}?',
        'why do people need {stuff}?',
        'please name things that are made from {stuff}.',
      ],
      askHeldOut: [
        'explain what people make from {stuff}.',
        'what can people make with {stuff}?',
        'what do people use {stuff} for?',
      ],
      say: [
        'people make {things} from {stuff}.',
        'people use {stuff} for {things}.',
        'we use {stuff} for {things}.',
        'you can make {things} with {stuff}.',
      ],
      more: 'people use it for {things}.',
    },
  ],
  stories: [
    '{name} works with {stuff} every day. it is {trait}, so it is good for {things}.',
    '{name} learned how people make {stuff} from {from}. it takes more than one day.',
    '{name} asked for more {stuff}. the shop had none at the time, for it is made from {from}.',
  ],
};
