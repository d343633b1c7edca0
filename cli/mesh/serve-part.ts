/** One part of the mesh as a process of its own: its ports to NATS and Qdrant, the service, and its HTTP server. */
import { startGateway } from '../../gateway/gateway.ts';
import { ReptraceError } from '../../lib/errors.ts';
import { serveSubgraph } from '../../lib/http/subgraph-server.ts';
import type { Log } from '../../lib/log.ts';
import { SERVICE_NAMES, type Service, type ServiceName } from '../../lib/mesh/service.ts';
import type { Settings } from '../../lib/mesh/settings.ts';
import { startComputeService } from '../../services/compute/service/compute-service.ts';
import { startIndexService } from '../../services/index/index-service.ts';
import { startReportingService } from '../../services/reporting/reporting-service.ts';
import type { Closing } from './closing.ts';
import { openBus, openRecords, openStore } from './parts.ts';
import { PORTS, type Part } from './ports.ts';

/** Gives the URL of its /graphql; what was opened is added to `closing`, also when it throws. */
export function servePart(
  part: Part,
  closing: Closing,
  settings: Settings,
  log: Log,
  listen: Listen,
): Promise<string> {
  return part === 'gateway'
    ? serveGateway(closing, settings, log, listen)
    : serveService(part, closing, settings, log, listen);
}

interface Listen {
  readonly host: string;
  readonly port: number;
}

async function serveGateway(closing: Closing, settings: Settings, log: Log, listen: Listen): Promise<string> {
  const bus = closing.add(await openBus(settings));
  const services = Object.fromEntries(
    SERVICE_NAMES.map((name) => [name, { url: serviceUrl(name) }] as const),
  ) as Record<ServiceName, { url: string }>;
  const gateway = await startGateway({ bus, services, ...listen, token: settings.token, log });
  return closing.add(gateway).url;
}

async function serveService(
  name: ServiceName,
  closing: Closing,
  settings: Settings,
  log: Log,
  listen: Listen,
): Promise<string> {
  const service = closing.add(await startService(name, closing, settings, log));
  return closing.add(await serveSubgraph({ service, ...listen, token: settings.token, log })).url;
}

async function startService(
  name: ServiceName,
  closing: Closing,
  settings: Settings,
  log: Log,
): Promise<Service> {
  const bus = closing.add(await openBus(settings));
  const records = closing.add(await openRecords(settings));
  const parts = { bus, records, settings, log };
  switch (name) {
    case 'compute':
      return startComputeService(parts);
    case 'index':
      return startIndexService({ ...parts, store: closing.add(await openStore(settings)) });
    case 'reporting':
      return startReportingService(parts);
  }
}

/** Where the gateway finds a service. */
function serviceUrl(name: ServiceName): string {
  const variable = `REPTRACE_${name.toUpperCase()}_URL`;
  const url = process.env[variable] ?? `http://127.0.0.1:${PORTS[name]}/graphql`;
  if (URL.canParse(url)) return url;
  throw new ReptraceError(
    'CONFIG_INVALID',
    `${variable} is not a URL`,
    `Set it to the ${name} service's /graphql.`,
  );
}
