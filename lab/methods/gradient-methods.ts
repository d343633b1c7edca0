/** The methods on gradients of the trained parameters, in the order of tables. */
import { DATAINF } from './datainf.ts';
import { INFLUENCE } from './influence.ts';
import { LESS } from './less.ts';
import { LISSA } from './lissa.ts';
import type { Method } from './method.ts';
import { RAPIDIN } from './rapidin.ts';
import { TRACIN, TRACIN_LN } from './tracin.ts';

export const GRADIENT_METHODS: readonly Method[] = [
  TRACIN,
  TRACIN_LN,
  LESS,
  DATAINF,
  LISSA,
  INFLUENCE,
  RAPIDIN,
];
