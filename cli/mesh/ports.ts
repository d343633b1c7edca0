/** Where each part of the mesh listens unless told otherwise. */
import type { ServiceName } from '../../lib/mesh/service.ts';

export type Part = 'gateway' | ServiceName;

export const PORTS: Readonly<Record<Part, number>> = {
  gateway: 4000,
  compute: 4001,
  index: 4002,
  reporting: 4003,
};
