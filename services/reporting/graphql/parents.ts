/** What this service's resolvers are given as parents. */
import type { Trace } from '../traces/trace.ts';

export type TraceParent = Trace & { readonly __typename: 'Trace' };
