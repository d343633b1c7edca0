/**
 * Which columns hold prompt, response and label. Names that are not given are guessed: of the patterns below, the one that
 * most of the first rows fit; of two that fit as many, the one that stands first.
 */
import { ReptraceError } from '../../../lib/errors.ts';
import { invalidDataset, shown, shownList } from './problems.ts';

/** Names given by a user. Prompt and response go together; `messages` stands for both. */
export interface ColumnChoice {
  readonly prompt?: string | undefined;
  readonly response?: string | undefined;
  /** Column of chat turns: `[{role, content}]`. */
  readonly messages?: string | undefined;
  /** null: no column is a label. */
  readonly label?: string | null | undefined;
}

/** Plain data: may be kept with an index and given back when the dataset is opened again. */
export type ResolvedColumns = TextColumns | ChatColumns;

export interface TextColumns {
  readonly kind: 'text';
  /** The first must be there; what the others hold follows it after a blank line, where they hold anything. */
  readonly prompt: readonly string[];
  readonly response: string;
  /** A row may lack it. */
  readonly label: string | null;
}

export interface ChatColumns {
  readonly kind: 'chat';
  readonly messages: string;
  readonly label: string | null;
}

/** In the order of preference. */
export const PATTERNS: readonly { readonly prompt: readonly string[]; readonly response: string }[] = [
  { prompt: ['prompt'], response: 'response' },
  { prompt: ['prompts'], response: 'response' },
  { prompt: ['prompt'], response: 'completion' },
  { prompt: ['instruction', 'input'], response: 'output' },
  { prompt: ['instruction', 'context'], response: 'response' },
  { prompt: ['question'], response: 'answer' },
  { prompt: ['input'], response: 'output' },
  { prompt: ['query'], response: 'response' },
  { prompt: ['query'], response: 'answer' },
  { prompt: ['user'], response: 'assistant' },
];

/** Comes after the patterns. */
const MESSAGES = 'messages';
const LABEL = 'label';

/**
 * @param rows the column names of the first rows, at least one row
 * Throws DATASET_INVALID when no columns fit, INPUT_INVALID when the choice contradicts itself.
 */
export function resolveColumns(
  path: string,
  rows: readonly ReadonlySet<string>[],
  choice: ColumnChoice = {},
): ResolvedColumns {
  const chosen = chosenColumns(choice);
  if (typeof choice.label === 'string') checkPresent(path, rows, [choice.label]);
  const label = choice.label === undefined ? LABEL : choice.label;
  if (chosen !== null) {
    const resolved = { ...chosen, label };
    checkPresent(path, rows, requiredColumns(resolved));
    return resolved;
  }
  const candidates: ResolvedColumns[] = [
    ...PATTERNS.map((pattern) => ({ kind: 'text' as const, ...pattern, label })),
    { kind: 'chat', messages: MESSAGES, label },
  ];
  let best: ResolvedColumns | undefined;
  let most = 0;
  for (const candidate of candidates) {
    const fitting = rows.filter((row) => requiredColumns(candidate).every((name) => row.has(name))).length;
    if (fitting > most) [best, most] = [candidate, fitting];
  }
  if (best !== undefined) return best;
  throw invalidDataset(
    `${path} has no columns known as prompt and response; it has ${shownList(columnNames(rows))}`,
    'Name the columns that hold prompt and response.',
  );
}

/** Throws DATASET_INVALID when none of the first rows has all the columns that an earlier opening found. */
export function checkResolved(
  path: string,
  rows: readonly ReadonlySet<string>[],
  columns: ResolvedColumns,
): void {
  checkPresent(path, rows, requiredColumns(columns));
}

function chosenColumns({ prompt, response, messages }: ColumnChoice) {
  if (messages !== undefined) {
    if (prompt !== undefined || response !== undefined)
      throw badChoice('messages stands for both prompt and response');
    return { kind: 'chat' as const, messages };
  }
  if (prompt === undefined && response === undefined) return null;
  if (prompt === undefined || response === undefined) throw badChoice('prompt and response go together');
  if (prompt === response) throw badChoice(`${shown(prompt)} cannot be both prompt and response`);
  return { kind: 'text' as const, prompt: [prompt], response };
}

function badChoice(why: string): ReptraceError {
  return new ReptraceError(
    'INPUT_INVALID',
    `the columns named contradict each other: ${why}`,
    'Name a prompt and a response column, or one of messages.',
  );
}

function requiredColumns(columns: ResolvedColumns): readonly string[] {
  return columns.kind === 'chat' ? [columns.messages] : [columns.prompt[0], columns.response];
}

function checkPresent(path: string, rows: readonly ReadonlySet<string>[], names: readonly string[]): void {
  if (rows.some((row) => names.every((name) => row.has(name)))) return;
  throw invalidDataset(
    `${path} has no ${names.length > 1 ? 'row with the columns' : 'column'} ${names.map(shown).join(' and ')} in its first rows; they have ${shownList(columnNames(rows))}`,
    'Name columns that are there, in the same capitals.',
  );
}

function columnNames(rows: readonly ReadonlySet<string>[]): string[] {
  return [...new Set(rows.flatMap((row) => [...row]))];
}
