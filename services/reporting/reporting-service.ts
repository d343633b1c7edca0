/** The reporting service: owns traces, and what is made of them. */
import type { Bus } from '../../lib/bus/bus.ts';
import type { Log } from '../../lib/log.ts';
import type { Service } from '../../lib/mesh/service.ts';
import { subgraphSchema } from '../../lib/mesh/subgraph.ts';
import type { Records } from '../../lib/records/records.ts';
import { resolvers } from './graphql/resolvers.ts';
import { SCHEMA } from './schema.generated.ts';
import { Traces } from './traces/traces.ts';

export interface ReportingParts {
  readonly bus: Bus;
  readonly records: Records;
  readonly log: Log;
  /** How long an answer is waited for before it is called pending. */
  readonly waitMs?: number;
}

export function startReportingService(parts: ReportingParts): Service {
  const traces = new Traces(parts);
  return {
    name: 'reporting',
    schema: subgraphSchema(SCHEMA, resolvers(traces)),
    ready: async () => {
      await Promise.all([parts.bus.ping(), parts.records.ping()]);
    },
    close: () => traces.close(),
  };
}
