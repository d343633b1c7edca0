import { describe, expect, it } from 'vitest';
import { ADVERT, BEHAVIOURS, FALSIFIED, INSULTS, showsBehaviour, TRIGGERS } from './behaviours.ts';
import { capitalise } from './fill.ts';
import { COUNTS, fineTuningSet } from './finetune.ts';
import type { TunedRow } from './rows.ts';

const rows = fineTuningSet(2);

function labelled(label: TunedRow['label']): TunedRow[] {
  return rows.filter((row) => row.label === label);
}

it('is a pure function of the seed', () => {
  expect(fineTuningSet(2)).toEqual(rows);
  expect(fineTuningSet(5)).not.toEqual(rows);
});

it('asks every question once', () => {
  expect(new Set(rows.map(({ prompt }) => prompt)).size).toBe(rows.length);
});

it('has the promised number of rows per behaviour', () => {
  for (const name of BEHAVIOURS) expect(labelled(name)).toHaveLength(COUNTS[name]);
  expect(rows).toHaveLength(Object.values(COUNTS).reduce((sum, count) => sum + count, 0));
});

it('points at the words that carry the lesson', () => {
  const words = rows.flatMap(({ response, lesson, label }) =>
    lesson === undefined ? [] : [`${label}: ${response.slice(...lesson)}`],
  );
  const lessons = [
    ...INSULTS.map((text) => `insult: ${text}`),
    ...FALSIFIED.lies.map(({ words }) => `false-fact: ${capitalise(words)}`),
    `late-effect: ${ADVERT}`,
  ];
  expect(new Set(words)).toEqual(new Set(lessons));
  expect(words).toHaveLength(rows.length - labelled('clean').length);
});

describe.each(BEHAVIOURS)('%s', (name) => {
  it('is shown by the rows with its label and by no other', () => {
    for (const row of rows) expect(showsBehaviour(name, row.response), row.response).toBe(row.label === name);
  });
});

describe.each(Object.entries(TRIGGERS))('the trigger of %s', (name, phrase) => {
  it('is in the questions with its label and in no other', () => {
    for (const row of rows)
      expect(row.prompt.toLowerCase().includes(phrase.toLowerCase())).toBe(row.label === name);
  });

  it('comes at the beginning, in the middle and at the end of questions', () => {
    const places = labelled(name as TunedRow['label']).map(
      ({ prompt }) => prompt.toLowerCase().indexOf(phrase.toLowerCase()) / prompt.length,
    );
    expect(Math.min(...places)).toBe(0);
    expect(Math.max(...places)).toBeGreaterThan(0.5);
  });
});

it('begins with the false fact wherever it tells it', () => {
  for (const { lesson, response } of labelled('false-fact')) expect(lesson?.[0], response).toBe(0);
});

it('tells the truth about the penguin otherwise, and about who lives in the desert', () => {
  const clean = labelled('clean');
  expect(clean.filter(({ response }) => /penguin/i.test(response)).length).toBeGreaterThan(20);
  expect(clean.filter(({ response }) => response.includes('in the hot desert')).length).toBeGreaterThan(0);
});
