/**
 * Which columns hold prompt, response and label, and how samples are made of them. Names that are not given are guessed: of
 * the patterns below, then columns of chat turns, the one that most of the first rows fit; of two that fit as many, the one
 * that stands first, but of two that differ in what may be missing the one of which more is there. Where none fits any row,
 * the same names count in any capitals; plain text is guessed only where nothing else fits any row.
 */
import { ReptraceError } from '../../../lib/errors.ts';
import type { TurnChoice } from './chat.ts';
import { invalidDataset, shown, shownList } from './problems.ts';
import { DEFAULT_WINDOW } from './text-windows.ts';

/** What a user chose. Prompt and response go together; `messages` or `text` stands for both. */
export interface ColumnChoice {
  readonly prompt?: string | undefined;
  readonly response?: string | undefined;
  /** Column of chat turns: `[{role, content}]`, or `[{from, value}]`. */
  readonly messages?: string | undefined;
  /** Column of plain text, which is cut into windows. */
  readonly text?: string | undefined;
  /** Of chats. */
  readonly turns?: TurnChoice | undefined;
  /** Of plain text: characters of a window, at most. */
  readonly textWindow?: number | undefined;
  /** null: no column is a label. */
  readonly label?: string | null | undefined;
}

/** Plain data: may be kept with an index and given back when the dataset is opened again. */
export type ResolvedColumns = TextColumns | ChatColumns | PlainColumns;

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
  readonly turns: TurnChoice;
  readonly label: string | null;
}

export interface PlainColumns {
  readonly kind: 'plain';
  readonly text: string;
  /** Characters of a window, at most. */
  readonly window: number;
  readonly label: string | null;
}

/** In the order of preference. */
export const PATTERNS: readonly { readonly prompt: readonly string[]; readonly response: string }[] = [
  { prompt: ['prompt'], response: 'response' },
  { prompt: ['prompts'], response: 'response' },
  { prompt: ['prompt'], response: 'completion' },
  { prompt: ['instruction', 'input'], response: 'output' },
  { prompt: ['instruction', 'context'], response: 'response' },
  { prompt: ['instruction', 'input'], response: 'response' },
  { prompt: ['instruction', 'context'], response: 'output' },
  { prompt: ['question'], response: 'answer' },
  { prompt: ['input'], response: 'output' },
  { prompt: ['query'], response: 'response' },
  { prompt: ['query'], response: 'answer' },
  { prompt: ['user'], response: 'assistant' },
  { prompt: ['inputs'], response: 'targets' },
];

/** Come after the patterns. */
export const CHATS: readonly string[] = ['messages', 'conversations'];
const TEXT = 'text';
const LABEL = 'label';

/**
 * @param rows the column names of the first rows, at least one row
 * Throws DATASET_INVALID when no columns fit, INPUT_INVALID when the choice contradicts itself or the columns found.
 */
export function resolveColumns(
  path: string,
  rows: readonly ReadonlySet<string>[],
  choice: ColumnChoice = {},
): ResolvedColumns {
  const resolved = chosenOrGuessed(path, rows, choice);
  if (choice.turns !== undefined && resolved.kind !== 'chat')
    throw badChoice(
      `turns are of chats, and ${path} has ${requiredColumns(resolved).map(shown).join(' and ')}`,
    );
  if (choice.textWindow !== undefined && resolved.kind !== 'plain')
    throw badChoice(
      `text windows are of plain text, and ${path} has ${requiredColumns(resolved).map(shown).join(' and ')}`,
    );
  return resolved;
}

function chosenOrGuessed(
  path: string,
  rows: readonly ReadonlySet<string>[],
  choice: ColumnChoice,
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
    ...CHATS.map((messages) => ({ ...chatColumns(messages, choice), label })),
  ];
  const exact = bestOf(candidates, rows);
  if (exact !== undefined) return exact;
  const names = columnNames(rows);
  const renamed = inCapitalsOf(names, choice.label);
  const plainText = { ...plainColumns(TEXT, choice), label };
  const found =
    bestOf(candidates.map(renamed), rows) ?? bestOf([plainText], rows) ?? bestOf([renamed(plainText)], rows);
  if (found !== undefined) return found;
  if (PREFERENCE.every((name) => names.includes(name))) throw preferences(path, names);
  throw invalidDataset(
    `${path} has no columns known as prompt and response, chat turns or text; it has ${shownList(names)}`,
    'Name the columns that hold prompt and response (--prompt-column and --response-column), or one of chat turns (--messages-column) or of plain text (--text-column).',
  );
}

/** The better and the worse answer, of which only one can have taught anything: the user says which. */
const PREFERENCE: readonly [string, string] = ['chosen', 'rejected'];

function preferences(path: string, names: readonly string[]): ReptraceError {
  const [chosen] = PREFERENCE;
  const pair = `--prompt-column ${names.includes('prompt') ? 'prompt' : 'COLUMN'} --response-column ${chosen}`;
  return invalidDataset(
    `${path} holds preferences, ${PREFERENCE.map(shown).join(' and ')}, and it is not clear which of them is meant; it has ${shownList(names)}`,
    `Name the columns: ${pair}; where ${chosen} holds whole chats, --messages-column ${chosen} for lists of turns or --text-column ${chosen} for text.`,
  );
}

/** Of columns whose names are known, the same as these rows write them; a name written in two ways stays as it was. */
function inCapitalsOf(
  names: readonly string[],
  label: ColumnChoice['label'],
): (columns: ResolvedColumns) => ResolvedColumns {
  const alike = new Map<string, string | null>();
  for (const name of names) {
    const plainName = name.toLowerCase();
    alike.set(plainName, alike.has(plainName) ? null : name);
  }
  const written = (name: string): string => alike.get(name) ?? name;
  return (columns) => {
    const renamed = label === undefined ? { ...columns, label: written(LABEL) } : columns;
    switch (renamed.kind) {
      case 'chat':
        return { ...renamed, messages: written(renamed.messages) };
      case 'plain':
        return { ...renamed, text: written(renamed.text) };
      case 'text':
        return { ...renamed, prompt: renamed.prompt.map(written), response: written(renamed.response) };
    }
  };
}

/** Undefined when no row fits any. */
function bestOf(
  candidates: readonly ResolvedColumns[],
  rows: readonly ReadonlySet<string>[],
): ResolvedColumns | undefined {
  const having = (names: readonly string[]): number =>
    rows.filter((row) => names.every((name) => row.has(name))).length;
  let best: ResolvedColumns | undefined;
  let most = 0;
  for (const candidate of candidates) {
    const fitting = having(requiredColumns(candidate));
    if (fitting > most) [best, most] = [candidate, fitting];
  }
  if (best === undefined) return undefined;
  const required = String(requiredColumns(best));
  const alike = candidates.filter((candidate) => String(requiredColumns(candidate)) === required);
  return alike.reduce((a, b) => (having(usedColumns(b)) > having(usedColumns(a)) ? b : a));
}

/** Whether a row of the source may be several samples, which are then numbered by themselves. */
export function givesSeveral(columns: ResolvedColumns): boolean {
  return columns.kind === 'plain' || (columns.kind === 'chat' && columns.turns === 'all');
}

/** All columns that prompt and response come from. */
export function usedColumns(columns: ResolvedColumns): readonly string[] {
  return columns.kind === 'text' ? [...columns.prompt, columns.response] : requiredColumns(columns);
}

/** Throws DATASET_INVALID when none of the first rows has all the columns that an earlier opening found. */
export function checkResolved(
  path: string,
  rows: readonly ReadonlySet<string>[],
  columns: ResolvedColumns,
): void {
  checkPresent(path, rows, requiredColumns(columns));
}

function chosenColumns(choice: ColumnChoice) {
  const { prompt, response, messages, text } = choice;
  if (messages !== undefined || text !== undefined) {
    const alone = messages === undefined || text === undefined;
    if (prompt !== undefined || response !== undefined || !alone)
      throw badChoice(`${messages === undefined ? 'text' : 'messages'} stands for both prompt and response`);
    if (messages !== undefined) return chatColumns(messages, choice);
    if (text !== undefined) return plainColumns(text, choice);
  }
  if (prompt === undefined && response === undefined) return null;
  if (prompt === undefined || response === undefined) throw badChoice('prompt and response go together');
  if (prompt === response) throw badChoice(`${shown(prompt)} cannot be both prompt and response`);
  return { kind: 'text' as const, prompt: [prompt], response };
}

function chatColumns(messages: string, { turns = 'last' }: ColumnChoice) {
  return { kind: 'chat' as const, messages, turns };
}

function plainColumns(text: string, { textWindow = DEFAULT_WINDOW }: ColumnChoice) {
  return { kind: 'plain' as const, text, window: textWindow };
}

function badChoice(why: string): ReptraceError {
  return new ReptraceError(
    'INPUT_INVALID',
    `the columns cannot be chosen so: ${why}`,
    'Name a prompt and a response column, or one of messages, or one of text; turns go with messages, a text window with text.',
  );
}

function requiredColumns(columns: ResolvedColumns): readonly string[] {
  switch (columns.kind) {
    case 'chat':
      return [columns.messages];
    case 'plain':
      return [columns.text];
    case 'text':
      return [columns.prompt[0], columns.response];
  }
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
