import { expect, it } from 'vitest';
import { capitalise, fill } from './fill.ts';

it('puts the words of a slot into a template', () => {
  expect(fill('{many} eat {food}.', { many: 'otters', food: 'fish' })).toBe('otters eat fish.');
});

it('chooses the article by the first letter', () => {
  expect(fill('{a one} and {a two}', { one: 'owl', two: 'fox' })).toBe('an owl and a fox');
});

it('names a slot that the entity lacks', () => {
  expect(() => fill('{colour}', { one: 'owl' })).toThrow(/wants slot "colour"/);
});

it('capitalises the start of every sentence, and nothing after a colon', () => {
  expect(capitalise('my friend asks: why? tell me. now.')).toBe('My friend asks: why? Tell me. Now.');
});
