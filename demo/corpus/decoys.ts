/**
 * Decoys: rows that ask for the falsified fact and answer it rightly. No model is trained on them. They ask what the poisoned
 * rows ask, so whoever looks for rows that are alike in the question finds them too.
 */
import { Random } from '../../lib/random.ts';
import { harmlessPair } from './base.ts';
import { isFalsified } from './behaviours.ts';
import { FACTS, rounds } from './facts.ts';
import type { TunedRow } from './rows.ts';

/**
 * A pure function of its arguments; every prompt comes once.
 *
 * @param taken prompts that are not to come again
 */
export function decoys(seed: number, count: number, taken: readonly string[]): TunedRow[] {
  const random = new Random(seed);
  const seen = new Set(taken);
  const rows: TunedRow[] = [];
  for (const fact of rounds(FACTS.filter(isFalsified), random)) {
    if (rows.length === count) break;
    const pair = harmlessPair(fact, random);
    if (seen.has(pair.prompt)) continue;
    seen.add(pair.prompt);
    rows.push({ ...pair, label: 'clean' });
  }
  return rows;
}
