/**
 * A text with its telling tokens marked. Scores are shown relative to the largest of the text: in a terminal with colours by
 * the brightness of the background, elsewhere the strongest in [brackets].
 */
import { safeText } from './safe-text.ts';

interface ScoredToken {
  readonly text: string;
  readonly score: number;
}

/** Shares of the largest score above which a token is marked, and the 256-colour backgrounds, strongest first. */
const LEVELS: readonly { readonly from: number; readonly background: number }[] = [
  { from: 0.75, background: 160 },
  { from: 0.5, background: 130 },
  { from: 0.25, background: 94 },
];
const BRACKETS_FROM = 0.5;

export function markedTokens(tokens: readonly ScoredToken[], colours: boolean): string {
  const largest = Math.max(0, ...tokens.map(({ score }) => score));
  if (largest === 0) return tokens.map(({ text }) => safeText(text)).join('');
  return colours ? coloured(tokens, largest) : bracketed(tokens, largest);
}

function coloured(tokens: readonly ScoredToken[], largest: number): string {
  return tokens
    .map(({ text, score }) => {
      const level = LEVELS.find(({ from }) => score >= from * largest);
      const safe = safeText(text);
      return level === undefined || safe === '' ? safe : `\x1b[48;5;${level.background}m${safe}\x1b[49m`;
    })
    .join('');
}

/** Neighbours share one pair of brackets. */
function bracketed(tokens: readonly ScoredToken[], largest: number): string {
  let line = '';
  let open = false;
  for (const { text, score } of tokens) {
    const strong = score >= BRACKETS_FROM * largest && text.trim() !== '';
    if (strong !== open) {
      const space = strong ? (/^\s*/.exec(text)?.[0] ?? '') : '';
      line += strong ? `${safeText(space)}[${safeText(text.slice(space.length))}` : `]${safeText(text)}`;
    } else line += safeText(text);
    open = strong;
  }
  return open ? `${line}]` : line;
}
