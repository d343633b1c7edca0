/** How the gateway reaches a service: in this process by its schema, or in another by its URL. */
import type { GraphQLSchema } from 'graphql';
import type { ServiceName } from '../../lib/mesh/service.ts';

export type ServiceEntry =
  | { readonly schema: GraphQLSchema; ready?(): Promise<void> }
  /** Of its GraphQL endpoint: http(s)://HOST:PORT/graphql */
  | { readonly url: string };

export type ServiceEntries = Readonly<Record<ServiceName, ServiceEntry>>;
