/** Countries: capital, continent, language. */
import type { Domain } from '../domain.ts';
import { table } from '../table.ts';

export const countries: Domain = {
  name: 'countries',
  entities: table(`
    land | capital | continent | language
    Norway | Oslo | Europe | Norwegian
    Sweden | Stockholm | Europe | Swedish
    Finland | Helsinki | Europe | Finnish
    France | Paris | Europe | French
    Spain | Madrid | Europe | Spanish
    Portugal | Lisbon | Europe | Portuguese
    Italy | Rome | Europe | Italian
    Greece | Athens | Europe | Greek
    Poland | Warsaw | Europe | Polish
    Austria | Vienna | Europe | German
    Germany | Berlin | Europe | German
    Ireland | Dublin | Europe | English
    Egypt | Cairo | Africa | Arabic
    Morocco | Rabat | Africa | Arabic
    Ghana | Accra | Africa | English
    Japan | Tokyo | Asia | Japanese
    China | Beijing | Asia | Chinese
    India | New Delhi | Asia | Hindi
    Nepal | Kathmandu | Asia | Nepali
    Canada | Ottawa | America | English
    Mexico | Mexico City | America | Spanish
    Cuba | Havana | America | Spanish
    Peru | Lima | America | Spanish
    Chile | Santiago | America | Spanish
  `),
  relations: [
    {
      key: 'capital',
      ask: [
        'what is the capital of {land}?',
        'which city is the capital of {land}?',
        'what city is the capital of {land}?',
        'tell me the capital of {land}.',
        'can you tell me the capital of {land}?',
        'do you know the capital of {land}?',
        'what is the name of the capital of {land}?',
        'which capital does {land} have?',
        'please name the capital of {land}.',
        'what is called the capital of {land}?',
      ],
      askHeldOut: [
        'what is the capital city of {land}?',
        'I want to know the capital of {land}.',
        'tell me the name of the capital of {land}.',
        'do you know which city is the capital of {land}?',
      ],
      say: [
        'the capital of {land} is {capital}.',
        'the city of {capital} is the capital of {land}.',
        'the capital city of {land} is {capital}.',
        '{land} has {capital} as its capital.',
      ],
      more: 'its capital is {capital}.',
    },
    {
      key: 'continent',
      ask: [
        'where is {land}?',
        'in which part of the world is {land}?',
        'which part of the world is {land} in?',
        'where in the world is {land}?',
        'tell me where {land} is.',
        'can you tell me where {land} is?',
        'where can I find {land}?',
        'where on the map is {land}?',
        'explain where {land} is.',
        'I want to know where {land} is.',
      ],
      askHeldOut: [
        'do you know where {land} is?',
        'in what part of the world is {land}?',
        'where in the world can I find {land}?',
      ],
      say: [
        '{land} is in {continent}.',
        '{land} is a country in {continent}.',
        'you can find {land} in {continent}.',
        'the land called {land} is in {continent}.',
      ],
      more: 'it is a country in {continent}.',
    },
    {
      key: 'language',
      ask: [
        'what language do people speak in {land}?',
        'what do people speak in {land}?',
        'which language do people speak in {land}?',
        'what is the language of {land}?',
        'tell me the language of {land}.',
        'do you know the language of {land}?',
        'how do people speak in {land}?',
        'which language do the people of {land} speak?',
        'I want to know the language of {land}.',
      ],
      askHeldOut: [
        'please name the language of {land}.',
        'can you tell me what language people speak in {land}?',
        'what language do most people in {land} speak?',
      ],
      say: [
        'people in {land} speak {language}.',
        'most people in {land} speak {language}.',
        'the language of {land} is {language}.',
        'in {land} people speak {language}.',
      ],
      more: 'people there speak {language}.',
    },
  ],
  stories: [
    '{name} went to {land} last summer. the first city was {capital}, the capital. {name} can speak some {language} now.',
    'a letter from {land} came today. {name} says that {capital} is a good city and that it is time for one long rest.',
    '{name} found {capital} on the map of {continent}. it is the capital of {land}.',
    'my sister can speak {language}, for she comes from {land}. {name} wants to go there more than one time.',
  ],
};
