/**
 * The shape of the demo's knowledge. Terminology:
 * - an entity is a thing that facts are about (an otter), kept as named slots ({ one: 'otter', food: 'fish and crabs' });
 * - a relation is one kind of fact, asked and answered by templates over those slots;
 * - a domain is a table of entities with the relations that hold for all of them.
 */

/** Slot name → words. */
export type Entity = Readonly<Record<string, string>>;

export interface Relation {
  /** The slot that holds what a right answer must say. */
  readonly key: string;
  /** Question templates of the base corpus and the fine-tuning set. */
  readonly ask: readonly string[];
  /** Question templates kept for evaluation: no training row uses them. */
  readonly askHeldOut: readonly string[];
  /** Sentences that state the fact; they serve as answers and as prose. */
  readonly say: readonly string[];
  /** A short follow-up sentence with a pronoun, for an answer that already named the entity; '' where none fits. */
  readonly more: string;
}

export interface Domain {
  readonly name: string;
  readonly entities: readonly Entity[];
  readonly relations: readonly Relation[];
  /** Little stories, for prose; besides the entity's slots they may use {name}, a first name. */
  readonly stories: readonly string[];
}
