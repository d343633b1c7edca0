/**
 * Chat turns as a row. Only one user turn answered by one assistant turn is a row by now: a system turn, or several turns,
 * would have to be rendered by the model's template as they are, and are refused rather than flattened.
 */
import type { JsonValue } from './dataset.ts';
import { shown } from './problems.ts';

const SHOWN_TURNS = 6;

/** Throws a SyntaxError that says what is not as it should be. */
export function chatTurns(messages: JsonValue): { readonly prompt: string; readonly response: string } {
  if (!Array.isArray(messages)) throw new SyntaxError('the messages are not a list of turns');
  const turns: readonly JsonValue[] = messages;
  const roles = turns.slice(0, SHOWN_TURNS).map(roleOf);
  if (turns.length !== 2 || roles[0] !== 'user' || roles[1] !== 'assistant') {
    const listed = roles.map(shown).join(', ') + (turns.length > SHOWN_TURNS ? ', …' : '');
    throw new SyntaxError(
      `several turns are not supported yet: one of user and one of assistant are wanted, and there are ${turns.length} (${listed})`,
    );
  }
  return { prompt: contentOf(turns[0], 'user'), response: contentOf(turns[1], 'assistant') };
}

function roleOf(turn: JsonValue, index: number): string {
  const role = member(turn, 'role');
  if (typeof role !== 'string') throw new SyntaxError(`turn ${index + 1} has no role`);
  return role;
}

/** Text, or the texts of a list of parts one after the other. */
function contentOf(turn: JsonValue, role: string): string {
  const content = member(turn, 'content');
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw new SyntaxError(`the content of the ${role} turn is not text`);
  const parts: readonly JsonValue[] = content;
  return parts
    .map((part) => {
      const type = member(part, 'type');
      const text = member(part, 'text');
      if (type === 'text' && typeof text === 'string') return text;
      const what = typeof type === 'string' ? `of type ${shown(type)}` : 'without a type';
      throw new SyntaxError(`the ${role} turn has a part ${what} that is not text`);
    })
    .join('');
}

function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}
