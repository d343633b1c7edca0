/** The supergraph: composed offline by `npm run schema`, committed, and found at the same place from source and from dist/. */
import { readFile } from 'node:fs/promises';

export const SUPERGRAPH = new URL('../schema/supergraph.graphql', import.meta.url);

export function readSupergraph(): Promise<string> {
  return readFile(SUPERGRAPH, 'utf8');
}
