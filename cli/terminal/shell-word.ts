/** A text as one word of a command that a person copies into a shell: a name must not break it, and must not run anything. */
import { safeText } from './safe-text.ts';

const PLAIN = /^[\p{L}\p{N}_][\p{L}\p{N}_./:@-]*$/u;

/** As it is where a shell takes it so, else in single quotes. */
export function shellWord(text: string): string {
  const safe = safeText(text);
  return PLAIN.test(safe) ? safe : `'${safe.replaceAll("'", "'\\''")}'`;
}
