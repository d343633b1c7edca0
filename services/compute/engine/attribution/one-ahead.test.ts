import { describe, expect, it } from 'vitest';
import { sentOf, type Sent } from './group-run.ts';
import { oneAhead } from './one-ahead.ts';

/** Pieces whose ends the test decides on, and what happened to them in order. */
class Pieces {
  readonly events: string[] = [];
  readonly #ends = new Map<number, { readonly done: () => void; readonly fail: (error: Error) => void }>();

  readonly start = (piece: number): Promise<Sent<string>> => {
    this.events.push(`sent ${piece}`);
    const results = new Promise<string[]>((resolve, reject) => {
      this.#ends.set(piece, {
        done: () => {
          this.events.push(`done ${piece}`);
          resolve([`result ${piece}`]);
        },
        fail: reject,
      });
    });
    return Promise.resolve(sentOf(results));
  };

  done(piece: number): void {
    this.#ends.get(piece)?.done();
  }

  fail(piece: number, error: Error): void {
    this.#ends.get(piece)?.fail(error);
  }
}

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 1; i <= count; i++) yield await Promise.resolve(i);
}

/** Lets all that can go on do so. */
const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe('work one piece ahead', () => {
  it('sends the next piece before the results of one are waited for, and no further one', async () => {
    const pieces = new Pieces();
    const results = oneAhead(numbers(3), pieces.start);
    const first = results.next();
    await rest();
    expect(pieces.events).toEqual(['sent 1', 'sent 2']);
    pieces.done(1);
    expect(await first).toEqual({ done: false, value: ['result 1'] });
    await rest();
    // Only once more is asked for.
    expect(pieces.events).toEqual(['sent 1', 'sent 2', 'done 1']);
    const second = results.next();
    await rest();
    expect(pieces.events.slice(3)).toEqual(['sent 3']);
    pieces.done(3);
    pieces.done(2);
    expect(await second).toEqual({ done: false, value: ['result 2'] });
    expect(await results.next()).toEqual({ done: false, value: ['result 3'] });
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it('takes no inputs and gives nothing', async () => {
    expect(await oneAhead(numbers(0), new Pieces().start).next()).toEqual({ done: true, value: undefined });
  });

  it('gives the results of a piece before what kept the next one from being started', async () => {
    const pieces = new Pieces();
    const start = (piece: number): Promise<Sent<string>> =>
      piece === 2 ? Promise.reject(new Error('no second')) : pieces.start(piece);
    const results = oneAhead(numbers(3), start);
    const first = results.next();
    await rest();
    pieces.done(1);
    expect(await first).toEqual({ done: false, value: ['result 1'] });
    await expect(results.next()).rejects.toThrow('no second');
    expect(pieces.events).toEqual(['sent 1', 'done 1']);
  });

  it('does so too where the inputs fail', async () => {
    const pieces = new Pieces();
    async function* failing(): AsyncGenerator<number> {
      yield* numbers(1);
      throw new Error('no more inputs');
    }
    const results = oneAhead(failing(), pieces.start);
    const first = results.next();
    await rest();
    pieces.done(1);
    expect(await first).toEqual({ done: false, value: ['result 1'] });
    await expect(results.next()).rejects.toThrow('no more inputs');
  });

  it('throws what a piece fails by only when the next one, which is lost with it, has ended', async () => {
    const pieces = new Pieces();
    let hasEnded = false;
    const first = oneAhead(numbers(3), pieces.start)
      .next()
      .finally(() => {
        hasEnded = true;
      });
    await rest();
    pieces.fail(1, new Error('lost'));
    await rest();
    expect(hasEnded).toBe(false);
    // And whether that fails too is nobody's rejection.
    pieces.fail(2, new Error('lost as well'));
    await expect(first).rejects.toThrow(/^lost$/);
  });

  it('has nothing under way when it was ended early', async () => {
    const pieces = new Pieces();
    const results = oneAhead(numbers(3), pieces.start);
    const first = results.next();
    await rest();
    pieces.done(1);
    await first;
    let hasEnded = false;
    const end = results.return(undefined).then(() => {
      hasEnded = true;
    });
    await rest();
    expect(hasEnded).toBe(false);
    pieces.done(2);
    await end;
    expect(pieces.events).toEqual(['sent 1', 'sent 2', 'done 1', 'done 2']);
  });
});
