/**
 * Turns of a conversation that a chat template leaves out: some know no system turn, others end with the last question. The
 * model then never saw them, which its tokens alone do not tell.
 */
import { randomUUID } from 'node:crypto';
import type { ModelText } from '../services/compute/engine/model/model-text.ts';
import type { Sample } from '../services/compute/engine/model/render.ts';
import type { ChatMessage } from '../services/compute/engine/model/template.ts';

export interface DroppedTurn {
  /** From 1; the prompt's is the last but one. */
  readonly number: number;
  readonly role: ChatMessage['role'];
}

/**
 * Of a sample that renders. Every turn's text is put in the place of one that no template has, and looked for: a turn may say
 * what another one says too. Turns without a text are passed over: nothing of them can be lost. None without a template.
 * Throws TEMPLATE_INVALID.
 */
export function droppedTurns(
  { template, tokenizer }: Pick<ModelText, 'template' | 'tokenizer'>,
  { context = [], prompt, response }: Pick<Sample, 'context' | 'prompt' | 'response'>,
): readonly DroppedTurn[] {
  if (template === null) return [];
  const turns: readonly ChatMessage[] = [
    ...context,
    { role: 'user', content: prompt },
    { role: 'assistant', content: response },
  ];
  const id = randomUUID();
  // The hyphen after the number keeps turn 1 from being found in turn 11.
  const marked = turns.map(({ role, content }, i) => ({
    role,
    content: content === '' ? '' : markOf(id, i),
  }));
  const { bosToken, eosToken, settings } = tokenizer ?? {};
  const tokens = { bosToken, eosToken, unkToken: settings?.unkToken, padToken: settings?.padToken };
  // A template may change capitals.
  const rendering = template.render(marked, tokens, false).toLowerCase();
  return turns.flatMap(({ role, content }, i) =>
    content === '' || rendering.includes(markOf(id, i)) ? [] : [{ number: i + 1, role }],
  );
}

function markOf(id: string, turn: number): string {
  return `${id}-${turn}-`;
}
