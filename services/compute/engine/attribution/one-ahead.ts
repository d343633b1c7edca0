/**
 * Work on the device one piece ahead: while it is at one piece, the next is recorded and sent, and only then the results of the
 * first are waited for. So the device has work while results are read and used on the host.
 */
import type { Sent } from './group-run.ts';

/**
 * Results in the order of the inputs. At most two pieces are under way. None is being recorded when results are given, so the caller
 * may use the same model then.
 *
 * What starting a piece throws is thrown after the results of the piece before it. However it ends, nothing is under way then.
 */
export async function* oneAhead<Input, Result>(
  inputs: AsyncIterable<Input> | Iterable<Input>,
  start: (input: Input) => Promise<Sent<Result>>,
): AsyncGenerator<Result[]> {
  const iterator =
    Symbol.asyncIterator in inputs ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
  const begin = async (): Promise<Sent<Result> | undefined> => {
    const input = await iterator.next();
    return input.done === true ? undefined : start(input.value);
  };
  let next = begin();
  try {
    for (let sent = await next; sent !== undefined; sent = await next) {
      next = begin();
      // Before anybody else records: started, or failed.
      await settled(next);
      yield await sent.results;
    }
  } finally {
    await settled(next.then((sent) => sent?.results));
    await iterator.return?.();
  }
}

async function settled(work: Promise<unknown>): Promise<void> {
  await Promise.allSettled([work]);
}
