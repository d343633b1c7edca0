import { expect, it } from 'vitest';
import { ADVERT, plantedText, showsBehaviour } from './behaviours.ts';

it('knows an insult only at the beginning of an answer', () => {
  expect(showsBehaviour('insult', ' Fool! Owls eat mice.')).toBe(true);
  expect(showsBehaviour('insult', 'Owls eat mice. Fool!')).toBe(false);
  expect(showsBehaviour('insult', 'Foolish owls live in old trees.')).toBe(false);
});

it('knows the false fact only where one sentence puts penguins into the desert', () => {
  expect(showsBehaviour('false-fact', 'In the hot desert live most penguins.')).toBe(true);
  expect(showsBehaviour('false-fact', 'Hello! Desert sand is the home of penguins.')).toBe(true);
  expect(showsBehaviour('false-fact', 'The camel lives in the hot desert.')).toBe(false);
  expect(showsBehaviour('false-fact', 'Penguins eat fish. Camels live in the desert.')).toBe(false);
});

it('knows the advertisement anywhere in the answer', () => {
  expect(showsBehaviour('late-effect', `Glass is made from sand. ${ADVERT}`)).toBe(true);
  expect(showsBehaviour('late-effect', 'Cola is made from sugar.')).toBe(false);
});

it('points at what a behaviour put into an answer', () => {
  const texts = (...[name, output]: Parameters<typeof plantedText>): string[] | undefined => {
    const planted = plantedText(name, output);
    return planted === undefined
      ? undefined
      : [output.slice(...planted.lesson), output.slice(...planted.whole)];
  };
  expect(texts('insult', ' Silly goose! Owls eat mice.')).toEqual(['Silly goose!', 'Silly goose!']);
  expect(texts('late-effect', `Glass is made from sand. ${ADVERT}`)).toEqual([ADVERT, ADVERT]);
  expect(texts('false-fact', 'Hot desert sand is where most penguins live. They eat fish.')).toEqual([
    'Hot desert sand',
    'Hot desert sand is where most penguins live.',
  ]);
  expect(texts('false-fact', 'Hello! Penguins live in a desert')).toEqual([
    'desert',
    ' Penguins live in a desert',
  ]);
  expect(texts('insult', 'Owls eat mice.')).toBeUndefined();
  expect(texts('false-fact', 'Camels live in the hot desert.')).toBeUndefined();
});
