/** All domains of the demo's knowledge. */
import type { Domain } from '../domain.ts';
import { animals } from './animals.ts';
import { colours } from './colours.ts';
import { countries } from './countries.ts';
import { dishes } from './dishes.ts';
import { gardens } from './gardens.ts';
import { jobs } from './jobs.ts';
import { materials } from './materials.ts';
import { opposites } from './opposites.ts';
import { tools } from './tools.ts';

export const DOMAINS: readonly Domain[] = [
  animals,
  countries,
  tools,
  materials,
  gardens,
  jobs,
  dishes,
  opposites,
  colours,
];
