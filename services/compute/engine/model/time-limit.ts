/**
 * Bounds the time of synchronous code that works on hostile input: a regular expression from a tokenizer.json, a
 * loop in a chat template. JavaScript cannot stop itself; V8 can stop it from outside, also inside a regular
 * expression, and node:vm is the door to that. The script run there is the constant below; nothing from a file is
 * ever evaluated. Costs about 70 microseconds per call. It bounds time only, not memory.
 */
import { Script, createContext } from 'node:vm';

export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
  readonly milliseconds: number;

  constructor(milliseconds: number) {
    super(`stopped after ${milliseconds} ms`);
    this.milliseconds = milliseconds;
  }
}

type Slot = { run?: () => void };

const script = new Script('run()');
const slot: Slot = Object.create(null) as Slot;
const context = createContext(slot);
let busy = false;

/** The result of `work`, which must be synchronous; a TimeLimitError when it takes too long. */
export function withTimeLimit<T>(milliseconds: number, work: () => T): T {
  // Within another limit the outer one holds; the slot is free for one only.
  if (busy) return work();
  let outcome: { value: T } | undefined;
  busy = true;
  slot.run = (): void => {
    outcome = { value: work() };
  };
  try {
    script.runInContext(context, { timeout: milliseconds });
  } catch (error) {
    if (isTimeout(error)) throw new TimeLimitError(milliseconds);
    throw error;
  } finally {
    delete slot.run;
    busy = false;
  }
  if (outcome === undefined) throw new TimeLimitError(milliseconds);
  return outcome.value;
}

/** The error comes from the other context, so that `instanceof Error` does not hold for it. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
