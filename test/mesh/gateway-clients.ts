/** What the tests of the gateway ask with: real HTTP, real WebSockets. */
import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';

export interface Answer {
  readonly status: number;
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: { readonly code: string; readonly remedy: string };
  }[];
}

export async function ask(
  url: string,
  query: unknown,
  { variables, headers = {} }: { variables?: object; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, ...((await response.json()) as object) };
}

export function socketClient(url: string, connectionParams?: Record<string, unknown>): Client {
  return createClient({
    url: url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    ...(connectionParams && { connectionParams }),
  });
}

export type Event = Omit<Answer, 'status'>;

/** A subscription, its events so far, and its end. */
export class Watching {
  readonly events: Event[] = [];
  /** Resolves when the server completes it, rejects with what closed it. */
  readonly ended: Promise<void>;
  readonly stop: () => void;
  #arrived: () => void = () => undefined;

  constructor(client: Client, query: string, variables: Record<string, unknown> = {}) {
    let stop: () => void = () => undefined;
    this.ended = new Promise((resolve, reject) => {
      stop = client.subscribe(
        { query, variables },
        {
          next: (event) => {
            this.events.push(event as Event);
            this.#arrived();
          },
          error: reject,
          complete: resolve,
        },
      );
    });
    this.ended.catch(() => undefined);
    this.stop = stop;
  }

  /** Waits until that many events have come; rejects when the stream ends before. */
  async until(count: number): Promise<Event> {
    while (this.events.length < count) {
      const arrived = new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
      const ended = this.ended.then(() => {
        if (this.events.length < count)
          throw new Error(`the stream ended after ${this.events.length} events`);
      });
      await Promise.race([arrived, ended]);
    }
    return this.events[count - 1];
  }

  get progress(): unknown[] {
    return this.events.map(({ data }) => data?.['indexProgress']);
  }
}
