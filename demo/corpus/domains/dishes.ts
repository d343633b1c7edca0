/** Dishes and drinks: what goes into them, and where they come from. */
import type { Domain } from '../domain.ts';
import { table } from '../table.ts';

export const dishes: Domain = {
  name: 'dishes',
  entities: table(`
    dish | parts | origin
    hummus | peas and lemon | Egypt
    pizza | dough and cheese | Italy
    sushi | rice and raw fish | Japan
    paella | rice and crabs | Spain
    curry | beans and spices | India
    pasta | flour and eggs | Italy
    couscous | grain and water | Morocco
    moussaka | potatoes and meat | Greece
    chocolate | cocoa and sugar | Mexico
    cheese | milk and salt | France
    toast | bread and butter | England
    cider | apples | England
    cola | sugar, water and spices | America
    lemonade | lemons, sugar and water | France
    strudel | apples and dough | Austria
    porridge | oats and milk | Ireland
  `),
  relations: [
    {
      key: 'parts',
      ask: [
        'what is {dish} made from?',
        'what is {dish} made of?',
        'what goes into {dish}?',
        'what do I need to make {dish}?',
        'how do you make {dish}?',
        'tell me what goes into {dish}.',
        'can you tell me what is in {dish}?',
        'do you know what is in {dish}?',
        'explain how people make {dish}.',
      ],
      askHeldOut: [
        'explain what goes into {dish}.',
        'how do people make {dish}?',
        'do you know what {dish} is made from?',
      ],
      say: [
        'most {dish} is made from {parts}.',
        'you can make {dish} from {parts}.',
        'to make {dish} you need {parts}.',
        'people make {dish} from {parts}.',
      ],
      more: 'it is made from {parts}.',
    },
    {
      key: 'origin',
      ask: [
        'which country does {dish} come from?',
        'what country does {dish} come from?',
        'which part of the world does {dish} come from?',
        'in which country did people first make {dish}?',
        'tell me which country {dish} comes from.',
        'can you tell me what country {dish} comes from?',
        'please name the country of {dish}.',
      ],
      askHeldOut: [
        'do you know which country {dish} comes from?',
        'from which country does {dish} come?',
        'please name the country that {dish} comes from.',
      ],
      say: [
        'we know that {dish} comes from {origin}.',
        'people say that {dish} comes from {origin}.',
        'people first made {dish} in {origin}.',
      ],
      more: 'it comes from {origin}.',
    },
  ],
  stories: [
    '{name} made {dish} for my sister. we found {parts} at the shop and ate well.',
    'one day {name} made {dish}. we asked for more, but it was time to go to bed.',
    '{name} had {dish} for the first time. the cook said that it comes from {origin}.',
  ],
};
