/** Fills a template's slots: `{many}` gives the slot's words, `{a one}` puts "a" or "an" before them. */
import { ReptraceError } from '../../lib/errors.ts';
import type { Entity } from './domain.ts';

export function fill(template: string, entity: Entity): string {
  return template.replace(/\{(a )?(\w+)\}/g, (_match, article: string | undefined, slot: string) => {
    if (!Object.hasOwn(entity, slot)) {
      throw new ReptraceError(
        'INPUT_INVALID',
        `template "${template}" wants slot "${slot}", the entity has ${Object.keys(entity).join(', ')}`,
        'Use a slot that every entity of the domain has.',
      );
    }
    const words = entity[slot] ?? '';
    return article === undefined ? words : `${/^[aeiou]/i.test(words) ? 'an' : 'a'} ${words}`;
  });
}

/** Capital letters where sentences begin. */
export function capitalise(text: string): string {
  return text.replace(
    /(^|[.?!] )([a-z])/g,
    (_match, before: string, letter: string) => before + letter.toUpperCase(),
  );
}
