/** Every (entity, relation) pair of the demo's knowledge, and sentences made from one. */
import type { Random } from '../../lib/random.ts';
import type { Domain, Entity, Relation } from './domain.ts';
import { DOMAINS } from './domains/index.ts';
import { capitalise, fill } from './fill.ts';

export interface Fact {
  readonly domain: Domain;
  readonly entity: Entity;
  readonly relation: Relation;
}

export const FACTS: readonly Fact[] = DOMAINS.flatMap((domain) =>
  domain.entities.flatMap((entity) => domain.relations.map((relation) => ({ domain, entity, relation }))),
);

/** The words that a right answer holds. */
export function keyOf({ entity, relation }: Fact): string {
  return entity[relation.key] ?? '';
}

/** How many answers go on with a second fact about the same entity. */
const SECOND_SENTENCE_SHARE = 0.3;

/** Follow-up sentences that add something to what `said` (a template) told already. */
export function followUps(domain: Domain, said: string): string[] {
  return domain.relations
    .filter(({ key, more }) => more !== '' && !said.includes(`{${key}}`) && !said.includes(`{a ${key}}`))
    .map(({ more }) => more);
}

/** A right answer in one of its wordings, one or two sentences. */
export function answer({ domain, entity, relation }: Fact, random: Random): string {
  const said = random.pick(relation.say);
  const more = followUps(domain, said);
  const second = more.length > 0 && random.next() < SECOND_SENTENCE_SHARE ? ` ${random.pick(more)}` : '';
  return capitalise(fill(`${said}${second}`, entity));
}

/** Endless facts in shuffled rounds: every fact comes once before any comes again. */
export function* rounds<T>(facts: readonly T[], random: Random): Generator<T, never> {
  for (;;) yield* random.shuffle(facts);
}
