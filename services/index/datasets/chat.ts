/**
 * Chats: a list of turns, as OpenAI's files write them (`role`, `content`) or ShareGPT's (`from`, `value`), and the samples
 * in it. A sample is an assistant's turn with the user's turn that it answers and all turns before those. One with `weight` 0
 * was not learnt from (OpenAI's files say so), and is no sample. What no chat template could render as it was (tools, images,
 * other roles) is refused rather than left out, and with it every sample that would need it. Tables that hold only text give
 * the list as JSON.
 */
import type { ChatTurn } from '../../../lib/mesh/compute-messages.ts';
import { reasonOf } from '../../../lib/errors.ts';
import type { JsonValue } from './dataset.ts';
import { parseJson } from './json-line.ts';
import { plain, shown } from './problems.ts';

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
  // OpenAI's newer name for it.
  ['developer', 'system'],
  ['user', 'user'],
  ['human', 'user'],
  ['assistant', 'assistant'],
  ['gpt', 'assistant'],
  ['chatgpt', 'assistant'],
]);

/** A turn, or why it cannot be read; `isAnswer` also of an assistant's that cannot. */
type ReadTurn =
  | { readonly turn: ChatTurn; readonly isAnswer: boolean }
  | { readonly reason: string; readonly isAnswer: boolean };

/** All turns. Throws a SyntaxError that says what is not as it should be, and in which turn. */
export function chatTurns(messages: JsonValue): readonly ChatTurn[] {
  return turnList(messages).map((turn, i) => {
    const read = readTurn(turn, i + 1);
    if ('turn' in read) return read.turn;
    throw new SyntaxError(read.reason);
  });
}

/** Whether a value is meant as turns, right or wrong. */
export function isTurnList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value) && isObject((value as readonly JsonValue[])[0]);
}

/**
 * One for each assistant turn that was learnt from, or the last of them alone. One that cannot be used is its reason.
 * Of `all`, a turn that cannot be read costs its own sample and those after it; otherwise the whole chat.
 * Throws a SyntaxError that says what is not as it should be, and in which turn; also when no sample would be left.
 */
export function chatSamples(
  given: JsonValue,
  choice: TurnChoice,
): Iterable<ChatSample | { readonly reason: string }> {
  const messages = turnList(given);
  const read = messages.map((turn, i) => readTurn(turn, i + 1));
  const broken = read.findIndex((turn) => 'reason' in turn);
  const problem = read.find((turn) => 'reason' in turn);
  const answers = read.flatMap(({ isAnswer }, i) => (isAnswer ? [i] : []));
  const learnt = answers.filter((i) => member(messages[i], 'weight') !== 0);
  if (problem !== undefined && (choice === 'last' || !learnt.some((i) => i < broken)))
    throw new SyntaxError(problem.reason);
  if (answers.length === 0) throw new SyntaxError("no turn is the assistant's");
  if (learnt.length === 0) throw new SyntaxError('every turn of the assistant has the weight 0');
  const turns = read.flatMap((one) => ('turn' in one ? [one.turn] : []));
  return samplesAt(
    turns,
    choice === 'all' ? learnt : learnt.slice(-1),
    problem && { ...problem, at: broken },
  );
}

/**
 * The sample of a prompt and a response of which at least one is a list of turns, as TRL's datasets give them: the last turn
 * of the response that was learnt from. Throws a SyntaxError as `chatSamples`.
 */
export function pairSamples(
  prompt: JsonValue,
  response: JsonValue,
  column: string,
): Iterable<ChatSample | { readonly reason: string }> {
  const before = typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : turnList(prompt);
  const answer =
    typeof response === 'string' ? [{ role: 'assistant', content: response }] : turnList(response);
  if (answer.length === 0 || !readTurn(answer[0], before.length + 1).isAnswer)
    throw new SyntaxError(
      `the column ${shown(column)} does not begin with a turn of the assistant: where it holds the whole chat, name it as the column of messages`,
    );
  // What was asked is no sample: turns of the assistant in it only lead up to it.
  const unlearnt = before.map((turn) => (isObject(turn) ? { ...turn, weight: 0 } : turn));
  return chatSamples([...unlearnt, ...answer], 'last');
}

function turnList(given: JsonValue): readonly JsonValue[] {
  const turns = typeof given === 'string' && given.trimStart().startsWith('[') ? parsed(given) : given;
  if (!Array.isArray(turns)) throw new SyntaxError('the messages are not a list of turns');
  const list: readonly JsonValue[] = turns;
  if (list.length > MAX_TURNS)
    throw new SyntaxError(`the chat has ${list.length} turns, more than the ${MAX_TURNS} that are read`);
  return list;
}

function parsed(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const reason = `the messages are text that is not JSON: ${plain(reasonOf(error))}`;
    throw new SyntaxError(reason, { cause: error });
  }
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

/**
 * One at a time: together, contexts grow with the square of the turns.
 * @param turns all that can be read before the one that cannot are as they stand
 */
function* samplesAt(
  turns: readonly ChatTurn[],
  answers: readonly number[],
  problem: { readonly at: number; readonly reason: string } | undefined,
): Generator<ChatSample | { readonly reason: string }> {
  for (const at of answers)
    yield problem !== undefined && at >= problem.at ? { reason: problem.reason } : sampleAt(turns, at);
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

function readTurn(turn: JsonValue, number: number): ReadTurn {
  const told = member(turn, 'role') ?? member(turn, 'from');
  const isAnswer = typeof told === 'string' && ROLES.get(told) === 'assistant';
  try {
    return { turn: turnOf(turn, told, number), isAnswer };
  } catch (error) {
    if (error instanceof SyntaxError) return { reason: error.message, isAnswer };
    throw error;
  }
}

function turnOf(turn: JsonValue, told: JsonValue | undefined, number: number): ChatTurn {
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

/** Tables give every turn every key, with nothing in it. */
function isSomething(value: JsonValue | undefined): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isObject(value) ? Object.entries(value).find(([name]) => name === key)?.[1] : undefined;
}

function isObject(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
