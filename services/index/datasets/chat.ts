/**
 * Chats: a list of turns, as OpenAI's files write them (`role`, `content`) or ShareGPT's (`from`, `value`), and the samples
 * in it. A sample is an assistant's turn with the user's turn that it answers and all turns before those. One with `weight` 0
 * was not learnt from (OpenAI's files say so), and is no sample. What no chat template could render as it was (tools, images,
 * other roles) is refused rather than left out.
 */
import type { ChatTurn } from '../../../lib/mesh/compute-messages.ts';
import type { JsonValue } from './dataset.ts';
import { shown } from './problems.ts';

/** Which assistant turns of a chat are samples. */
export type TurnChoice = 'last' | 'all';

export interface ChatSample {
  readonly context: readonly ChatTurn[];
  readonly prompt: string;
  readonly response: string;
}

/** Every sample repeats the turns before it: many more would cost more than they tell. */
export const MAX_TURNS = 1024;

const ROLES: ReadonlyMap<string, ChatTurn['role']> = new Map([
  ['system', 'system'],
  ['user', 'user'],
  ['human', 'user'],
  ['assistant', 'assistant'],
  ['gpt', 'assistant'],
  ['chatgpt', 'assistant'],
]);

/** Throws a SyntaxError that says what is not as it should be, and in which turn. */
export function chatTurns(messages: JsonValue): readonly ChatTurn[] {
  if (!Array.isArray(messages)) throw new SyntaxError('the messages are not a list of turns');
  const turns: readonly JsonValue[] = messages;
  if (turns.length > MAX_TURNS)
    throw new SyntaxError(`the chat has ${turns.length} turns, more than the ${MAX_TURNS} that are read`);
  return turns.map((turn, i) => turnOf(turn, i + 1));
}

/**
 * One for each assistant turn that was learnt from, or the last of them alone. One that cannot be used is its reason.
 * Throws a SyntaxError for what `chatTurns` refuses, and when there is none.
 */
export function chatSamples(
  messages: JsonValue,
  choice: TurnChoice,
): Iterable<ChatSample | { readonly reason: string }> {
  const turns = chatTurns(messages);
  const answers = turns.flatMap(({ role }, i) => (role === 'assistant' ? [i] : []));
  if (answers.length === 0) throw new SyntaxError("no turn is the assistant's");
  const learnt = answers.filter((i) => weightOf(messages, i) !== 0);
  if (learnt.length === 0) throw new SyntaxError('every turn of the assistant has the weight 0');
  return samplesAt(turns, choice === 'all' ? learnt : learnt.slice(-1));
}

/** Throws a SyntaxError for the tools of a chat, where its row has any: templates write them before the turns. */
export function refuseTools(values: ReadonlyMap<string, JsonValue>): void {
  for (const column of ['tools', 'functions']) {
    const value = values.get(column);
    // In tables they are often JSON as text.
    const none = typeof value === 'string' && ['', '[]', 'null'].includes(value.trim());
    if (!none && isSomething(value))
      throw new SyntaxError(`the chat has ${shown(column)}, which cannot be rendered`);
  }
}

/** One at a time: together, contexts grow with the square of the turns. */
function* samplesAt(
  turns: readonly ChatTurn[],
  answers: readonly number[],
): Generator<ChatSample | { readonly reason: string }> {
  for (const at of answers) yield sampleAt(turns, at);
}

function sampleAt(turns: readonly ChatTurn[], at: number): ChatSample | { readonly reason: string } {
  const before = turns.slice(0, at);
  const asked = before.pop();
  if (asked?.role !== 'user')
    return { reason: `turn ${at + 1}, the assistant's, does not follow one of the user` };
  const response = turns[at].content;
  if (response === '') return { reason: `the response is empty (turn ${at + 1})` };
  return { context: before, prompt: asked.content, response };
}

function turnOf(turn: JsonValue, number: number): ChatTurn {
  const told = member(turn, 'role') ?? member(turn, 'from');
  if (typeof told !== 'string') throw new SyntaxError(`turn ${number} has no role`);
  const role = ROLES.get(told);
  if (role === undefined)
    throw new SyntaxError(`turn ${number} has the role ${shown(told)}, which cannot be rendered`);
  for (const key of ['tool_calls', 'function_call']) {
    if (isSomething(member(turn, key)))
      throw new SyntaxError(`turn ${number} has ${shown(key)}, which cannot be rendered`);
  }
  return { role, content: contentOf(turn, role, number) };
}

/** Text, or the texts of a list of parts one after the other. */
function contentOf(turn: JsonValue, role: string, number: number): string {
  const content = member(turn, 'content') ?? member(turn, 'value');
  if (typeof content === 'string') return content;
  if (!Array.isArray(content))
    throw new SyntaxError(`the content of the ${role} turn (turn ${number}) is not text`);
  const parts: readonly JsonValue[] = content;
  return parts
    .map((part) => {
      const type = member(part, 'type');
      const text = member(part, 'text');
      if (type === 'text' && typeof text === 'string') return text;
      const what = typeof type === 'string' ? `of type ${shown(type)}` : 'without a type';
      throw new SyntaxError(`the ${role} turn (turn ${number}) has a part ${what} that is not text`);
    })
    .join('');
}

function weightOf(messages: JsonValue, turn: number): JsonValue | undefined {
  return member(Array.isArray(messages) ? (messages as readonly JsonValue[])[turn] : undefined, 'weight');
}

/** Tables give every turn every key, with nothing in it. */
function isSomething(value: JsonValue | undefined): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}
