/** The tokens of a sample for a terminal: one a line, and a mark where the response begins. */
import { safeText } from './safe-text.ts';

export interface ShownTokens {
  readonly ids: readonly number[];
  /** The vocabulary's own spelling of each. */
  readonly pieces: readonly string[];
  /** What each adds to the text; empty for all but the last part of a character, and for a space that is only the tokenizer's. */
  readonly texts: readonly string[];
  /** Tokens before the response. */
  readonly promptLength: number;
  /** The position whose hidden state predicts the first token of the response. */
  readonly p: number;
  /** Whether the tail of the response was cut off. */
  readonly truncated: boolean;
  /** Whether the model's chat template rendered them. */
  readonly template: boolean;
}

export function tokenLines({
  ids,
  pieces,
  texts,
  promptLength,
  p,
  truncated,
  template,
}: ShownTokens): string {
  const width = Math.max(...ids.map((id) => String(id).length));
  const places = String(ids.length).length;
  const lines = ids.map((id, i) => {
    const text = texts[i] ?? '';
    // Quoted, so that spaces show.
    const shown = text === '' ? `(no text of its own: ${safeText(pieces[i] ?? '')})` : `"${safeText(text)}"`;
    const mark = i === p ? '  <- p' : '';
    return `${String(i).padStart(places)}  ${String(id).padStart(width)}  ${shown}${mark}`;
  });
  lines.splice(promptLength, 0, '--- response ---');
  const counts = `${ids.length} tokens: ${promptLength} before the response, ${ids.length - promptLength} of it`;
  const form = template
    ? "the model's chat template"
    : 'the plain [INST] form (the model has no chat template)';
  const cut = truncated ? '; the tail of the response was cut off' : '';
  return [...lines, `${counts}${cut}; rendered with ${form}`].join('\n');
}
