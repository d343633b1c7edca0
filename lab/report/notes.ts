/** Notes of seeds as sentences: why there is no figure, or what it leaves out. */
import type { SeedResult, SetResult } from '../results.ts';

/** All that a seed's result says, each without its full stop. */
export function notesOf({ note, notes = [] }: SeedResult): string[] {
  const said = [...(note === null ? [] : [note]), ...notes].map((text) => text.trim().replace(/\.$/, ''));
  return [...new Set(said)].filter((text) => text !== '');
}

/** For the set's own section: one for each note of each seed. */
export function seedNotes({ seeds }: SetResult): string[] {
  return seeds.flatMap((result) => notesOf(result).map((note) => `Seed ${result.seed}: ${note}.`));
}

/** Why a set has no ranking at all, in one sentence. */
export function noFigures(name: string, { seeds }: SetResult): string {
  const bySeed = seeds.map(({ seed, ...rest }) => ({ seed, notes: notesOf({ seed, ...rest }).join('; ') }));
  const distinct = [...new Set(bySeed.map(({ notes }) => notes))];
  const why =
    distinct.length === 1
      ? distinct[0]
      : bySeed.map(({ seed, notes }) => `seed ${seed}: ${notes === '' ? UNKNOWN : notes}`).join('; ');
  return `The set ${name} has no ranking: ${why === '' || seeds.length === 0 ? UNKNOWN : why}.`;
}

/** Of a set where some seeds were ranked and others not, which those are; none of all others. */
export function missingSeeds(name: string, { seeds }: SetResult): string[] {
  const isRanked = ({ methods }: SeedResult): boolean => methods.length > 0;
  if (!seeds.some(isRanked)) return [];
  return seeds
    .filter((result) => !isRanked(result))
    .map((result) => {
      const notes = notesOf(result).join('; ');
      return `${name}: no ranking of seed ${result.seed}: ${notes === '' ? UNKNOWN : notes}.`;
    });
}

const UNKNOWN = 'no method was measured';
