import { expect, it } from 'vitest';
import { fillTemplate, isSlotName, slotsOf } from './template.ts';

it('fills every slot with its text as it is, braces and dollars too', () => {
  const values = new Map([
    ['a', '{b} $& $1'],
    ['b', 'x'],
  ]);
  expect(fillTemplate('{a}-{b}-{a} {} { b }', values)).toBe('{b} $& $1-x-{b} $& $1 {} { b }');
});

it('leaves a slot without a text as it is', () => {
  expect(fillTemplate('{constructor} {__proto__}', new Map())).toBe('{constructor} {__proto__}');
});

it('names the slots of a template, each once', () => {
  expect(slotsOf('{a} {b-2} {a} {3} {}')).toEqual(['a', 'b-2']);
  expect(['a', 'b-2', 'C_d'].every(isSlotName)).toBe(true);
  expect(['', '3', 'a b', '__proto__', 'a'.repeat(41)].some(isSlotName)).toBe(false);
});
