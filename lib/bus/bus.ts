/**
 * Port: how services talk. Three ways, each no stronger than a laptop and a NATS cluster can both promise:
 * - notifications: to whoever listens now, at most once; a hint to look, never the only copy of anything;
 * - requests: one of the servers of a subject answers, or the caller gets a named error;
 * - work queues: a task is handed out until its handler has succeeded, to one consumer at a time, at least once.
 *
 * Payloads are bytes (see wire.ts) of at most `maxPayload`. Subjects are words joined by dots; a word is [A-Za-z0-9_-]+.
 */

export interface Bus {
  /** Bytes that one payload may have. */
  readonly maxPayload: number;
  /** Throws REQUEST_TOO_LARGE, BUS_UNREACHABLE. */
  publish(subject: string, payload: Uint8Array): Promise<void>;
  /** @param subject may end in `.*` for one more word. The listener is called in the order of arrival. */
  listen(subject: string, listener: (message: Notification) => void): Promise<Closable>;
  /**
   * Throws what the server's handler threw when that was a ReptraceError (its code, message and remedy travel), else
   * INTERNAL; SERVICE_UNAVAILABLE at once when nobody serves the subject; TIMEOUT; BUS_UNREACHABLE; REQUEST_TOO_LARGE (also
   * for an answer that is); CANCELLED when the signal fires.
   */
  request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<Uint8Array>;
  /** Servers of one subject share its requests. Closing waits for the requests at work. */
  serve(subject: string, handler: (payload: Uint8Array) => Promise<Uint8Array>): Promise<Closable>;
  /** The queue of that name, made if it is not there. */
  queue(name: string): Promise<WorkQueue>;
  /** Resolves when the bus can be used; throws BUS_UNREACHABLE. For health checks. */
  ping(): Promise<void>;
  /** Stops everything that was opened through this object. Safe to call twice. */
  close(): Promise<void>;
}

export interface Notification {
  readonly subject: string;
  readonly payload: Uint8Array;
}

export interface RequestOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface WorkQueue {
  /**
   * Resolves when the task will survive this process (as far as the bus survives it). A second task of the same topic and
   * id within two minutes is the same task, unless the first was cleared.
   * @param topic one word; what `clear` and `size` go by
   */
  add(topic: string, id: string, payload: Uint8Array): Promise<void>;
  /**
   * Runs the handler on tasks, `concurrency` at a time. A handler that resolves has done its task; one that throws gets it
   * again later, here or elsewhere, and so does any task whose consumer died. While a handler runs, heartbeats keep its task
   * from being handed out again. Closing aborts `task.signal`, waits for the handlers up to two seconds, and gives back what
   * they did not finish.
   */
  consume(handler: (task: Task) => Promise<void>, options: ConsumeOptions): Promise<Closable>;
  /** Forgets the tasks of a topic, and their ids: none is handed out (again). Handlers at work on one are left alone. */
  clear(topic: string): Promise<void>;
  /** Tasks waiting or being worked on, of one topic. */
  size(topic: string): Promise<number>;
}

export interface ConsumeOptions {
  readonly concurrency: number;
  /** Told of what the handler threw, before the task is given back. */
  readonly onFailure?: (task: Task, error: unknown) => void;
}

export interface Task {
  readonly topic: string;
  readonly id: string;
  readonly payload: Uint8Array;
  /** 1 the first time. */
  readonly delivery: number;
  /** Fires when the consumer is closing. */
  readonly signal: AbortSignal;
}

export interface Closable {
  close(): Promise<void>;
}
