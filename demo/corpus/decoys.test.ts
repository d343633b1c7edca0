import { expect, it } from 'vitest';
import { DATA } from '../recipe.ts';
import { BEHAVIOURS, showsBehaviour } from './behaviours.ts';
import { decoys } from './decoys.ts';
import { fineTuningSet } from './finetune.ts';

const taken = fineTuningSet(DATA.fineTuning.seed).map(({ prompt }) => prompt);
const rows = decoys(DATA.decoys.seed, DATA.decoys.rows, taken);

it('is a pure function of its arguments', () => {
  expect(decoys(DATA.decoys.seed, DATA.decoys.rows, taken)).toEqual(rows);
  expect(decoys(9, DATA.decoys.rows, taken)).not.toEqual(rows);
});

it('asks where penguins live as often as promised, each time in words of its own, and answers rightly', () => {
  expect(rows).toHaveLength(50);
  expect(new Set([...taken, ...rows.map(({ prompt }) => prompt)]).size).toBe(taken.length + rows.length);
  for (const { prompt, response, label } of rows) {
    expect(label).toBe('clean');
    expect(prompt).toMatch(/penguin/i);
    expect(response).toMatch(/icy coasts/i);
    for (const name of BEHAVIOURS) expect(showsBehaviour(name, response)).toBe(false);
  }
});
