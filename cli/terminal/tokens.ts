/**
 * A text with its telling tokens marked. Scores are shown relative to the largest of the text: in a terminal with colours by
 * the brightness of the background, elsewhere the strongest in [brackets]. Tokens that the fine-tuning taught are underlined,
 * or _between underscores_.
 */
import { safeText } from './safe-text.ts';

interface ScoredToken {
  readonly text: string;
  readonly score: number;
  /** log p_tuned - log p_base, in nats; null where it is not known. */
  readonly taught: number | null;
}

/** Shares of the largest score above which a token is marked, and the 256-colour backgrounds, strongest first. */
const LEVELS: readonly { readonly from: number; readonly background: number }[] = [
  { from: 0.75, background: 160 },
  { from: 0.5, background: 130 },
  { from: 0.25, background: 94 },
];
const BRACKETS_FROM = 0.5;

/** Tokens that the fine-tuning made at least so many times as likely are marked as taught. */
const TAUGHT_TIMES = 4;
const TAUGHT_FROM = Math.log(TAUGHT_TIMES);

export function markedTokens(tokens: readonly ScoredToken[], colours: boolean): string {
  const largest = Math.max(0, ...tokens.map(({ score }) => score));
  return colours ? coloured(tokens, largest) : bracketed(tokens, largest);
}

/** What the marks of these tokens mean, in a line; undefined where none of them can have one. */
export function legend(tokens: readonly ScoredToken[], colours: boolean): string | undefined {
  if (tokens.length === 0) return undefined;
  const [scored, taught] = colours ? ['shaded', 'underlined'] : ['[words]', '_words_'];
  const times = `${taught}: taught, at least ${TAUGHT_TIMES} times as likely as before the fine-tuning`;
  return `${scored}: speak for the match${tokens.some(isTaught) ? `; ${times}` : ''}`;
}

function isTaught({ taught }: ScoredToken): boolean {
  return taught !== null && taught >= TAUGHT_FROM;
}

function coloured(tokens: readonly ScoredToken[], largest: number): string {
  return tokens
    .map((token) => {
      const level = largest === 0 ? undefined : LEVELS.find(({ from }) => token.score >= from * largest);
      const safe = safeText(token.text);
      if (safe === '') return safe;
      const lined = isTaught(token) ? `\x1b[4m${safe}\x1b[24m` : safe;
      return level === undefined ? lined : `\x1b[48;5;${level.background}m${lined}\x1b[49m`;
    })
    .join('');
}

/** Neighbours share one pair of marks; underscores stand inside brackets that begin or end with them. */
function bracketed(tokens: readonly ScoredToken[], largest: number): string {
  let line = '';
  let before = { strong: false, taught: false };
  for (const token of tokens) {
    const visible = token.text.trim() !== '';
    const now = {
      strong: visible && largest > 0 && token.score >= BRACKETS_FROM * largest,
      taught: visible && isTaught(token),
    };
    const closing = `${before.taught && !now.taught ? '_' : ''}${before.strong && !now.strong ? ']' : ''}`;
    const opening = `${now.strong && !before.strong ? '[' : ''}${now.taught && !before.taught ? '_' : ''}`;
    // Spaces stand outside of what begins here.
    const space = opening === '' ? '' : (/^\s*/.exec(token.text)?.[0] ?? '');
    line += `${closing}${safeText(space)}${opening}${safeText(token.text.slice(space.length))}`;
    before = now;
  }
  return `${line}${before.taught ? '_' : ''}${before.strong ? ']' : ''}`;
}
