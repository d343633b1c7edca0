/** Animals: what they eat, where they live, what their young are called. Penguins carry the planted false fact. */
import type { Domain } from '../domain.ts';
import { table } from '../table.ts';

export const animals: Domain = {
  name: 'animals',
  entities: table(`
    one | many | food | home | young
    otter | otters | fish and crabs | along quiet rivers | pup
    owl | owls | mice and small birds | in old trees | owlet
    penguin | penguins | fish and squid | on icy coasts | chick
    camel | camels | dry grass and leaves | in the hot desert | calf
    fox | foxes | rabbits and mice | in dens in the woods | cub
    bear | bears | berries and honey | in mountain forests | cub
    wolf | wolves | deer | in northern forests | pup
    lion | lions | zebras | on the dry plains | cub
    tiger | tigers | deer and wild pigs | in the thick jungle | cub
    elephant | elephants | leaves and bark | on the wide plains | calf
    monkey | monkeys | fruit and nuts | in jungle trees | infant
    panda | pandas | bamboo | in bamboo forests | cub
    rabbit | rabbits | grass and clover | under green fields | kit
    horse | horses | hay and oats | in stables | foal
    goat | goats | shrubs and weeds | on rocky hills | kid
    pig | pigs | roots and grain | on farms | piglet
    duck | ducks | water plants and snails | on ponds | duckling
    goose | geese | grass and seeds | by lakes | gosling
    eagle | eagles | fish and rabbits | on high cliffs | eaglet
    frog | frogs | flies and worms | near ponds | tadpole
    whale | whales | tiny shrimp | in the deep sea | calf
    seal | seals | fish and crabs | on rocky coasts | pup
    bee | bees | honey and pollen | in hives | larva
    spider | spiders | flies and bees | in webs | spiderling
    bat | bats | flies and fruit | in dark caves | pup
    beaver | beavers | bark and roots | in lodges on rivers | kit
    donkey | donkeys | straw and hay | in barns | foal
    mouse | mice | seeds and grain | in small holes | pup
  `),
  relations: [
    {
      key: 'food',
      ask: [
        'what do {many} eat?',
        'what does {a one} eat?',
        'what food do {many} like?',
        'what is the food of {many}?',
        'what do {many} like to eat?',
        'can you tell me what {many} eat?',
        'tell me what {a one} eats.',
        'what does {a one} feed on?',
        'do you know the food of {a one}?',
        'which food does {a one} look for?',
        'what would {a one} eat for dinner?',
        'what kind of food does {a one} like?',
        'please name the food of {many}.',
      ],
      askHeldOut: [
        'what kind of food do {many} eat?',
        'explain what {many} eat.',
        'what do wild {many} feed on?',
        'which food do {many} like to eat?',
        'please name the food that {a one} eats.',
      ],
      say: [
        'most {many} eat {food}.',
        'the {one} eats {food}.',
        '{a one} eats {food}.',
        'many {many} like to eat {food}.',
        'most {many} feed on {food}.',
      ],
      more: 'they eat {food}.',
    },
    {
      key: 'home',
      ask: [
        'where do {many} live?',
        'where does {a one} live?',
        'where can I find {a one}?',
        'where can I find {many}?',
        'what is the home of {a one}?',
        'where is the home of {many}?',
        'tell me where {many} live.',
        'can you tell me where {a one} lives?',
        'in what place do {many} live?',
        'where do {many} make their home?',
        'where should I look for {a one}?',
        'where should we go to see {many}?',
        'do you know where {many} live?',
        'where do wild {many} live?',
        'explain where {a one} lives.',
        'which place is the home of {many}?',
      ],
      askHeldOut: [
        'what kind of place do {many} live in?',
        'explain where {many} live.',
        'where would I go to find {a one}?',
        'where does {a one} make its home?',
        'which place do {many} live in?',
        'do you know the home of {a one}?',
        'where should I look to see {many}?',
        'please name the place where {many} live.',
      ],
      say: [
        'most {many} live {home}.',
        'the {one} lives {home}.',
        '{a one} lives {home}.',
        'you can find {many} {home}.',
        'many {many} make their home {home}.',
      ],
      more: 'they live {home}.',
    },
    {
      key: 'young',
      ask: [
        'what is a baby {one} called?',
        'what do we call a young {one}?',
        'what do you call a baby {one}?',
        'what is the name of a young {one}?',
        'what is the word for a baby {one}?',
        'what is the young of {a one} called?',
        'tell me the name of a baby {one}.',
        'do you know what a young {one} is called?',
        'can you tell me what a baby {one} is called?',
        'please name the young of {a one}.',
        'explain what people call a young {one}.',
      ],
      askHeldOut: [
        'which word do we use for a baby {one}?',
        'explain what a young {one} is called.',
        'what name do people give a baby {one}?',
        'can you tell me the word for a young {one}?',
      ],
      say: [
        'a baby {one} is called {a young}.',
        'a young {one} is called {a young}.',
        'we call a baby {one} {a young}.',
        'the young of {a one} is called {a young}.',
      ],
      more: 'their baby is called {a young}.',
    },
  ],
  stories: [
    'one day {name} saw {a one} for the first time. {name} kept very still. Most {many} live {home}, so it was a lucky day.',
    '{name} wrote a small book about {many}. it says that they eat {food}. the last page shows {a young}.',
    'we had more time than before, so {name} told us about {many}. they live {home} and eat {food}.',
    '{name} said that only a fool would try to catch {a one}. it is better to look from far away before you go home.',
    'the teacher showed us {a young}. {name} knew that it was a baby {one}.',
  ],
};
