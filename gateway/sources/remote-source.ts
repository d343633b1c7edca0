/** A service in another process, asked over HTTP; one that gives no answer is told by name. */
import type { GraphQLDataSource } from '@apollo/gateway';
import type { GraphQLSchema } from 'graphql';
import { reasonOf, ReptraceError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { ServiceName } from '../../lib/mesh/service.ts';
import { postJson } from './post-json.ts';
import { standIn } from './unavailable.ts';

type Options = Parameters<GraphQLDataSource['process']>[0];
type Answer = Awaited<ReturnType<GraphQLDataSource['process']>>;

export interface RemoteSourceOptions {
  readonly name: ServiceName;
  readonly url: string;
  readonly token: string | undefined;
  readonly log: Log;
  readonly apiSchema: () => GraphQLSchema;
}

/** Traces that take longer answer TracePending; mutations open models, and generate. */
const QUERY_MS = 120_000;
const MUTATION_MS = 620_000;
const PROBE_MS = 3000;
const ANSWER_BYTES = 128 * 1024 * 1024;

export class RemoteSource implements GraphQLDataSource {
  readonly #options: RemoteSourceOptions;
  /** So that an outage is one line in the log, not one a request. */
  #down = false;

  constructor(options: RemoteSourceOptions) {
    this.#options = options;
  }

  async process({ request }: Options): Promise<Answer> {
    const { query = '', variables = {}, operationName } = request;
    try {
      const timeoutMs = query.startsWith('mutation') ? MUTATION_MS : QUERY_MS;
      return await this.#ask({ query, variables, operationName }, timeoutMs);
    } catch (error) {
      if (!(error instanceof ReptraceError)) throw error;
      return standIn(error, query, variables, this.#options.apiSchema());
    }
  }

  /** Throws SERVICE_UNAVAILABLE. */
  async probe(): Promise<void> {
    await this.#ask({ query: '{ __typename }' }, PROBE_MS);
  }

  async #ask(body: object, timeoutMs: number): Promise<Answer> {
    const { url, token, name, log } = this.#options;
    try {
      const { status, text } = await postJson(url, body, { token, timeoutMs, maxBytes: ANSWER_BYTES });
      if (status === 401 || status === 403) throw refused(name);
      if (status >= 500) throw new Error(`status ${status}`);
      const answer = graphqlAnswer(text);
      if (this.#down) log.info({ service: name, url }, 'a service answers again');
      this.#down = false;
      return answer;
    } catch (error) {
      if (!this.#down) log.warn({ service: name, url, reason: reasonOf(error) }, 'a service does not answer');
      this.#down = true;
      throw error instanceof ReptraceError ? error : silent(name, error);
    }
  }
}

function graphqlAnswer(text: string): Answer {
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && ('data' in value || 'errors' in value))
    return value as Answer;
  throw new Error('the answer is not in GraphQL');
}

function silent(name: ServiceName, cause: unknown): ReptraceError {
  return new ReptraceError(
    'SERVICE_UNAVAILABLE',
    `the ${name} service does not answer`,
    `Ask again when it runs; whoever runs it finds the reason in its log and in the gateway's (\`reptrace serve ${name}\` starts it).`,
    { cause },
  );
}

function refused(name: ServiceName): ReptraceError {
  return new ReptraceError(
    'SERVICE_UNAVAILABLE',
    `the ${name} service refuses the gateway`,
    'Start the gateway and its services with the same REPTRACE_TOKEN.',
  );
}
