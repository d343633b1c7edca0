/** Templates of recipes: `{name}` is a slot that a plain text is put into. Nothing else in them means anything. */

/** A slot's name: letters, digits, hyphens and underscores, a letter first. */
const SLOT = /\{([A-Za-z][\w-]*)\}/g;
const SLOT_NAME = /^[A-Za-z][\w-]{0,39}$/;

export function isSlotName(name: string): boolean {
  return SLOT_NAME.test(name);
}

/** The names of a template's slots, each once. */
export function slotsOf(template: string): string[] {
  return [...new Set(Array.from(template.matchAll(SLOT), ([, name = '']) => name))];
}

/** The template with the slots' texts in place; braces in those texts are nothing but braces. */
export function fillTemplate(template: string, values: ReadonlyMap<string, string>): string {
  return template.replace(SLOT, (slot, name: string) => values.get(name) ?? slot);
}
