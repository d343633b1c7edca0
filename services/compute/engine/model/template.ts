/**
 * A model's chat template: a Jinja program that turns messages into the text that the model was tuned on, run by
 * @huggingface/jinja (MIT) with transformers' globals.
 *
 * The program comes with the model and is hostile until proven otherwise. It cannot reach anything but its inputs
 * (it is interpreted, not compiled); what it can do is take time and memory, so its steps, the sizes of its
 * intermediate values and its time are bounded. Not guarded: a single filter may briefly build a string of up to
 * V8's own limit (512 MB) before it is refused.
 */
import * as library from '@huggingface/jinja';
import { ReptraceError, reasonOf } from '../../../../lib/errors.ts';
import { TimeLimitError, withTimeLimit } from './time-limit.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Texts of the special tokens, for the variables that templates use. */
export interface TemplateTokens {
  readonly bosToken: string | null | undefined;
  readonly eosToken: string | null | undefined;
  readonly unkToken: string | null | undefined;
  readonly padToken: string | null | undefined;
}

export interface ChatTemplate {
  readonly source: string;
  /** @param addGenerationPrompt whether to end with what opens the assistant's turn */
  render(messages: readonly ChatMessage[], tokens: TemplateTokens, addGenerationPrompt: boolean): string;
}

/** The longest published templates, with tools and all, have some 20 000 characters. */
const MAX_SOURCE_LENGTH = 1 << 17;
const MAX_STEPS = 1_000_000;
/** Characters of a text, items of a list: four times the longest text that is tokenized. */
const MAX_SIZE = 1 << 22;
const MAX_RANGE = 1 << 16;
const MILLISECONDS = 1500;

/** What is used of the library; its own declarations do not resolve under NodeNext. */
interface Environment {
  set(name: string, value: unknown): unknown;
}
interface RuntimeValue {
  readonly value: unknown;
}
interface Interpreter {
  run(program: object): RuntimeValue;
  evaluate(statement: unknown, environment: unknown): RuntimeValue;
}
const tokenize = library.tokenize as unknown as (source: string, options: object) => object;
const parse = library.parse as unknown as (tokens: object) => object;
const Environment = library.Environment as unknown as new () => Environment;
const Interpreter = library.Interpreter as unknown as new (environment: Environment) => Interpreter;

/** Every value that a template computes passes through `evaluate`, so this is where to count and to measure. */
class BoundedInterpreter extends Interpreter {
  #steps = 0;

  override evaluate(statement: unknown, environment: unknown): RuntimeValue {
    if (++this.#steps > MAX_STEPS) throw new Error(`it takes more than ${MAX_STEPS} steps`);
    const result = super.evaluate(statement, environment);
    const { value } = result;
    const size =
      typeof value === 'string' || Array.isArray(value)
        ? value.length
        : value instanceof Map
          ? value.size
          : 0;
    if (size > MAX_SIZE) throw new Error(`it makes a value of size ${size}; at most ${MAX_SIZE} is allowed`);
    return result;
  }
}

export function parseTemplate(source: string): ChatTemplate {
  if (source.length > MAX_SOURCE_LENGTH) {
    throw invalid(`it has ${source.length} characters; at most ${MAX_SOURCE_LENGTH} are read`);
  }
  const program = guarded('cannot be parsed', () =>
    // As transformers sets its Jinja environment.
    parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true })),
  );
  return {
    source,
    render: (messages, tokens, addGenerationPrompt) => {
      const rendered = guarded('cannot be rendered', () => {
        const environment = new Environment();
        for (const [name, value] of Object.entries(globals)) environment.set(name, value);
        environment.set(
          'messages',
          messages.map(({ role, content }) => ({ role, content })),
        );
        environment.set('add_generation_prompt', addGenerationPrompt);
        // transformers passes these two always, and of the tokens those that there are.
        environment.set('tools', null);
        environment.set('documents', null);
        for (const [name, token] of [
          ['bos_token', tokens.bosToken],
          ['eos_token', tokens.eosToken],
          ['unk_token', tokens.unkToken],
          ['pad_token', tokens.padToken],
        ] as const) {
          if (typeof token === 'string') environment.set(name, token);
        }
        return new BoundedInterpreter(environment).run(program).value;
      });
      if (typeof rendered !== 'string') throw invalid('it gives no text');
      return rendered;
    },
  };
}

const globals: Readonly<Record<string, unknown>> = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  raise_exception: (message: unknown): never => {
    throw new Error(`it raises: ${String(message).slice(0, 200)}`);
  },
  range: boundedRange,
  strftime_now: formatFixedDate,
};

/** Python's range. */
function boundedRange(first: number, second?: number | null, step?: number | null): number[] {
  const by = typeof step === 'number' ? step : 1;
  const [from, to] = typeof second === 'number' ? [first, second] : [0, first];
  const count = Math.max(0, Math.ceil((to - from) / by));
  // Written so that NaN and Infinity fail as well.
  if (!(count <= MAX_RANGE)) throw new Error(`it asks for a range of ${count} numbers`);
  return Array.from({ length: count }, (_, i) => from + i * by);
}

/**
 * Some templates write today's date into the prompt. A trace must be the same tomorrow, so today is always Friday,
 * 26 July 2024, the date that Llama 3's own template falls back to where there is no clock.
 */
const FIXED_DATE: ReadonlyMap<string, string> = new Map([
  ['%Y', '2024'],
  ['%y', '24'],
  ['%m', '07'],
  ['%d', '26'],
  ['%B', 'July'],
  ['%b', 'Jul'],
  ['%A', 'Friday'],
  ['%a', 'Fri'],
  ['%H', '00'],
  ['%M', '00'],
  ['%S', '00'],
  ['%%', '%'],
]);

function formatFixedDate(format: unknown): string {
  return String(format).replace(/%./g, (part) => {
    const text = FIXED_DATE.get(part);
    if (text === undefined)
      throw new Error(`it asks for the date as ${JSON.stringify(part)}, which is not known`);
    return text;
  });
}

function guarded<T>(what: string, work: () => T): T {
  try {
    return withTimeLimit(MILLISECONDS, work);
  } catch (error) {
    const why =
      error instanceof TimeLimitError
        ? `it takes longer than ${MILLISECONDS} ms`
        : reasonOf(error).slice(0, 300);
    throw invalid(`it ${what}: ${why}`, error);
  }
}

function invalid(what: string, cause?: unknown): ReptraceError {
  return new ReptraceError(
    'TEMPLATE_INVALID',
    `The model's chat template cannot be used: ${what}.`,
    'Check chat_template.jinja, or chat_template in tokenizer_config.json, against the published model.',
    { cause },
  );
}
