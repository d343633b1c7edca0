/** What resolvers of this subgraph are given as parents. */
import type { ModelDescription } from '../../../lib/mesh/compute-messages.ts';

export type ModelParent = ModelDescription;
