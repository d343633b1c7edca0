/** Tools of the house, the kitchen and the garden: what they are for and where they are kept. */
import type { Domain } from '../domain.ts';
import { table } from '../table.ts';

export const tools: Domain = {
  name: 'tools',
  entities: table(`
    one | use | place
    hammer | drive nails | in the tool box
    saw | cut wood | in the tool box
    drill | make holes | in the tool box
    wrench | turn a bolt | in the tool box
    ruler | measure lines | on the desk
    pencil | draw pictures | on the desk
    whisk | beat eggs | in the kitchen
    ladle | serve soup | in the kitchen
    knife | cut bread | in the kitchen
    spoon | stir tea | in the kitchen
    kettle | boil water | on the stove
    pan | fry fish | on the stove
    pot | cook rice | on the stove
    needle | sew cloth | in the sewing box
    rake | gather leaves | in the garden shed
    spade | dig holes in the soil | in the garden shed
    hose | water the plants | in the garden shed
    broom | sweep the floor | in the hall
    mop | wash the floor | in the hall
    sponge | clean cups | in the kitchen
    ladder | reach high places | in the garden shed
    torch | see in the dark | in the travel bag
    map | find the way | in the travel bag
    umbrella | stay dry in the rain | by the door
    key | open a lock | by the door
    clock | tell the time | on the wall
  `),
  relations: [
    {
      key: 'use',
      ask: [
        'what is {a one} for?',
        'what is {a one} used for?',
        'what do we use {a one} for?',
        'what can I do with {a one}?',
        'why do people use {a one}?',
        'tell me what {a one} is for.',
        'can you tell me what {a one} is used for?',
        'how do we use {a one}?',
        'do you know what {a one} is for?',
        'explain what we use {a one} for.',
      ],
      askHeldOut: [
        'explain what {a one} is for.',
        'what do people use {a one} for?',
        'what can we do with {a one}?',
        'do you know what {a one} is used for?',
      ],
      say: [
        '{a one} is used to {use}.',
        'you use {a one} to {use}.',
        'people use {a one} to {use}.',
        'with {a one} you can {use}.',
      ],
      more: 'it is used to {use}.',
    },
    {
      key: 'one',
      ask: [
        'what do I need to {use}?',
        'which tool do I need to {use}?',
        'what do people use to {use}?',
        'how can I {use}?',
        'what should I take to {use}?',
        'I want to {use}. what do I need?',
        'tell me what I need to {use}.',
        'what is the right tool to {use}?',
        'please name the tool that I need to {use}.',
      ],
      askHeldOut: [
        'which tool do people use to {use}?',
        'what tool should I take to {use}?',
        'can you tell me what I need to {use}?',
      ],
      say: [
        'you need {a one} to {use}.',
        'to {use} you need {a one}.',
        'you should take {a one} to {use}.',
        'the right tool to {use} is {a one}.',
      ],
      more: '',
    },
    {
      key: 'place',
      ask: [
        'where do we keep the {one}?',
        'where is the {one}?',
        'where can I find the {one}?',
        'where should I put the {one}?',
        'tell me where the {one} is.',
        'do you know where the {one} is kept?',
        'in what place do people keep {a one}?',
        'what is the right place for the {one}?',
      ],
      askHeldOut: [
        'explain where we keep the {one}.',
        'where should I look for the {one}?',
        'can you tell me where the {one} is?',
      ],
      say: [
        'we keep the {one} {place}.',
        'the {one} is kept {place}.',
        'the {one} is {place}.',
        'you can find the {one} {place}.',
      ],
      more: 'we keep it {place}.',
    },
  ],
  stories: [
    '{name} looked for the {one} all day. it was {place}. one more lesson was learned.',
    'before lunch {name} wanted to {use}. my friend came with {a one}, and the work took little time.',
    '{name} gave me {a one}. now I can {use} when I go home.',
    'do not be silly, said {name}, you can not {use} with a banana. you should take {a one}.',
  ],
};
