/**
 * Text of datasets and models for a terminal: one line, without anything that a terminal would obey (escape sequences,
 * control, format and bidirectional characters): each such character is shown as a middle dot, line breaks as `⏎`.
 */

const OBEYED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

export function safeText(text: string): string {
  return text.replace(/\r?\n/g, '⏎').replaceAll('\t', ' ').replace(OBEYED, '·');
}

/** At most `width` characters, the last an ellipsis when something is left out. */
export function shortened(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`;
}
