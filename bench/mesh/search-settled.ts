/** Qdrant builds its graphs after it has answered: until they are there, a search shares the machine with that. */
import { setTimeout as sleep } from 'node:timers/promises';

/** How long it may take to get its indexes in order. */
const SETTLE_MS = 120_000;

/** Resolves when all collections are ready; throws when they are not in time. */
export async function settled(qdrantUrl: string): Promise<void> {
  const until = Date.now() + SETTLE_MS;
  while (Date.now() < until) {
    const { result } = (await getJson(`${qdrantUrl}/collections`)) as CollectionList;
    const states = await Promise.all(
      result.collections.map(({ name }) => getJson(`${qdrantUrl}/collections/${name}`)),
    );
    if (states.every((state) => (state as CollectionState).result.status === 'green')) return;
    await sleep(200);
  }
  throw new Error(`Qdrant was not done with its indexes in ${SETTLE_MS / 1000} s`);
}

interface CollectionList {
  readonly result: { readonly collections: readonly { readonly name: string }[] };
}

interface CollectionState {
  readonly result: { readonly status: string };
}

async function getJson(url: string): Promise<unknown> {
  return await (await fetch(url)).json();
}
