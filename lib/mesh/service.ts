/** What the mesh knows of a service: its part of the graph, whether it can answer, and how it ends. */
import type { GraphQLSchema } from 'graphql';

export interface Service {
  readonly name: ServiceName;
  /** The federation subgraph. */
  readonly schema: GraphQLSchema;
  /** Resolves when the service can do its work; throws a ReptraceError that says what is missing. */
  ready(): Promise<void>;
  /** Ends within seconds; unfinished work can be taken up again. Safe to call twice. */
  close(): Promise<void>;
}

export const SERVICE_NAMES = ['compute', 'index', 'reporting'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** One a request, for what resolvers of one request share. */
export interface RequestContext {
  /** Per-request caches (data loaders), by whoever made them. */
  readonly loaders: Map<string, unknown>;
}
