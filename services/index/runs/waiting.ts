/** What a run waits for now, as its record tells it: something that is away, or a piece of work that takes its time. */
import type { ReptraceError } from '../../../lib/errors.ts';
import type { Log } from '../../../lib/log.ts';
import { storedFailure, type StoredFailure } from './life.ts';
import { patiently, type Patience } from './patience.ts';

export interface WaitingParts {
  /** Ends all waiting. */
  readonly signal: AbortSignal;
  /** How long one thing may be away. */
  readonly limitMs: number;
  readonly log: Log;
  readonly onChange: () => void;
}

export class Waiting {
  readonly patience: Patience;
  readonly #onChange: () => void;
  #what: StoredFailure | null = null;

  constructor({ signal, limitMs, log, onChange }: WaitingParts) {
    this.#onChange = onChange;
    let told = false;
    const onWait = (error: ReptraceError): void => {
      if (!told) log.warn({ code: error.code, reason: error.message }, 'waiting');
      told = true;
      this.for(storedFailure(error));
    };
    const onBack = (): void => {
      log.info('going on');
      told = false;
      this.for(null);
    };
    this.patience = { signal, limitMs, onWait, onBack };
  }

  /** null: nothing. */
  get what(): StoredFailure | null {
    return this.#what;
  }

  for(what: StoredFailure | null): void {
    this.#what = what;
    this.#onChange();
  }

  /** As `patiently`; what is away meanwhile is told. */
  patiently<T>(work: () => Promise<T>): Promise<T> {
    return patiently(work, this.patience);
  }
}
