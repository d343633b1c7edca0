/** A worker's hold on one JetStream message: heartbeats while it works, then one word on how it ended. */
import { nanos, type Msg } from '@nats-io/transport-node';
import { reasonOf, ReptraceError } from '../errors.ts';
import { noAnswer, type OnFault } from './bus-errors.ts';
import { PATIENCE_MS, type NatsLink } from './nats-link.ts';
import type { Hold } from './worker.ts';

const DONE = '+ACK';
const WORKING = '+WPI';
const GIVEN_BACK = '-NAK';
/** For the server's word that it has heard. */
const CONFIRM_MS = 2000;

export class NatsHold implements Hold {
  readonly #link: NatsLink;
  /** Where the server listens for how this delivery went. */
  readonly #reply: string;
  readonly #onFault: OnFault;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(link: NatsLink, { reply = '' }: Msg, ackWaitMs: number, onFault: OnFault) {
    this.#link = link;
    this.#reply = reply;
    this.#onFault = onFault;
    this.#heartbeat = setInterval(() => {
      this.#beat();
    }, ackWaitMs / 3);
  }

  done(): Promise<void> {
    return this.#settle(DONE);
  }

  giveBack(delayMs: number): Promise<void> {
    return this.#settle(
      delayMs === 0 ? GIVEN_BACK : `${GIVEN_BACK} ${JSON.stringify({ delay: nanos(delayMs) })}`,
    );
  }

  #beat(): void {
    // While the connection is lost there is nobody to tell; the next beat may be in time.
    if (!this.#link.isUp) return;
    try {
      this.#link.publish(this.#reply, Buffer.from(WORKING));
    } catch (error) {
      this.#onFault('a heartbeat of a task could not be sent', error);
    }
  }

  /** A word that the server has not heard is not lost work: the task comes again. */
  async #settle(word: string): Promise<void> {
    try {
      await this.#say(word);
    } catch (error) {
      this.#onFault('a task could not be settled, and will be handed out again', reasonOf(error));
    } finally {
      clearInterval(this.#heartbeat);
    }
  }

  /** Says it again when the connection was lost meanwhile. */
  async #say(word: string): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      await this.#link.up(until - Date.now());
      try {
        const late = (): ReptraceError => noAnswer(this.#reply, CONFIRM_MS);
        await this.#link.ask(this.#reply, Buffer.from(word), { timeoutMs: CONFIRM_MS, late });
        return;
      } catch (error) {
        const lost = error instanceof ReptraceError && error.code === 'BUS_UNREACHABLE';
        if (!lost || Date.now() >= until) throw error;
      }
    }
  }
}
