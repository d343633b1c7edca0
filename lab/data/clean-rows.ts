/**
 * The clean data of the demo model's recipes: questions with right answers, as its base corpus has them. Two facts and one domain
 * come more often than others, so that a recipe can falsify them many times over, and still has decoys and questions.
 */
import { harmlessPair } from '../../demo/corpus/base.ts';
import { FACTS, rounds, type Fact } from '../../demo/corpus/facts.ts';
import { Random } from '../../lib/random.ts';
import type { CleanRow } from '../sets/clean.ts';

const SEED = 7;
/** Rows about any fact. */
const PLAIN = 820;

const isAbout = (slot: string, name: string, key: string) => (fact: Fact) =>
  fact.entity[slot] === name && fact.relation.key === key;
/** Besides: where penguins live, the capital of Norway, and what materials are made from, are like and are good for. */
const OFTEN: readonly { readonly rows: number; readonly facts: readonly Fact[] }[] = [
  { rows: 110, facts: FACTS.filter(isAbout('one', 'penguin', 'home')) },
  { rows: 110, facts: FACTS.filter(isAbout('land', 'Norway', 'capital')) },
  { rows: 160, facts: FACTS.filter(({ domain }) => domain.name === 'materials') },
];

/** 1,200 rows, in shuffled order; every prompt comes once. */
export function cleanRows(): CleanRow[] {
  const random = new Random(SEED);
  const rows = new Map<string, CleanRow>();
  const add = (count: number, facts: readonly Fact[]): void => {
    const enough = rows.size + count;
    for (const fact of rounds(facts, random)) {
      if (rows.size === enough) return;
      const { prompt, response } = harmlessPair(fact, random);
      if (!rows.has(prompt)) rows.set(prompt, { prompt, response });
    }
  };
  add(PLAIN, FACTS);
  for (const { rows: count, facts } of OFTEN) add(count, facts);
  return random.shuffle([...rows.values()]);
}
