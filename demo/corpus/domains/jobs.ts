/** Jobs: what people in them do, and where. */
import type { Domain } from '../domain.ts';
import { table } from '../table.ts';

export const jobs: Domain = {
  name: 'jobs',
  entities: table(`
    one | does | place
    baker | makes bread and cakes | in a shop
    nurse | cares for sick people | in a clinic
    pilot | flies planes | in the air
    farmer | keeps cows and sheep | on a farm
    teacher | helps children learn | in a school
    judge | says what is fair | in a court
    tailor | makes clothes | in a shop
    barber | cuts hair | in a shop
    sailor | helps to run a ship | on a ship
    miner | digs for coal | in a mine
    painter | paints walls | in old houses
    waiter | brings food to the table | in a restaurant
    cook | makes meals | in a kitchen
    dentist | looks after teeth | in a clinic
    vet | heals sick animals | in a clinic
    potter | makes bowls from clay | in a small house
    fisher | catches fish | on a boat
    driver | drives a bus | on the road
  `),
  relations: [
    {
      key: 'does',
      ask: [
        'what does {a one} do?',
        'what is the work of {a one}?',
        'what does {a one} do all day?',
        'what is the job of {a one}?',
        'tell me what {a one} does.',
        'can you tell me what {a one} does?',
        'what kind of work does {a one} do?',
        'do you know what {a one} does?',
        'what do we need {a one} for?',
      ],
      askHeldOut: [
        'explain what {a one} does.',
        'what kind of job does {a one} have?',
        'what does {a one} do at work?',
      ],
      say: ['{a one} {does}.', 'a good {one} {does}.', 'the {one} {does}.', 'every day {a one} {does}.'],
      more: 'this person {does}.',
    },
    {
      key: 'one',
      ask: [
        'who {does}?',
        'what do we call a person who {does}?',
        'what is the name for a person who {does}?',
        'which person {does}?',
        'tell me who {does}.',
        'who is the person that {does}?',
        'what is the word for a person who {does}?',
      ],
      askHeldOut: [
        'do you know who {does}?',
        'please name the person who {does}.',
        'what is a person called who {does}?',
      ],
      say: [
        'a person who {does} is called {a one}.',
        'the person who {does} is {a one}.',
        'we call a person who {does} {a one}.',
      ],
      more: '',
    },
    {
      key: 'place',
      ask: [
        'where does {a one} work?',
        'where can I find {a one} at work?',
        'in what place does {a one} work?',
        'tell me where {a one} works.',
        'which place does {a one} work in?',
        'do you know where {a one} works?',
        'where is the work of {a one} done?',
      ],
      askHeldOut: [
        'explain where {a one} works.',
        'what kind of place does {a one} work in?',
        'can you tell me where {a one} works?',
      ],
      say: [
        '{a one} works {place}.',
        'the {one} works {place}.',
        'most of the time {a one} works {place}.',
        'you can find {a one} {place}.',
      ],
      more: 'the work is done {place}.',
    },
  ],
  stories: [
    '{name} wants to be {a one} one day. {a one} {does}, and that takes time.',
    'my brother is {a one} and works {place}. {name} may go with him before school.',
    '{name} saw {a one} {place}. they had some time for tea, and then one more cup.',
  ],
};
