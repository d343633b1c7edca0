/**
 * The influence function itself, solved rather than approximated: what DataInf and LiSSA approximate, on the same damped Fisher
 * matrices. With projected gradients it is LoGra's (Choe et al., arXiv 2405.13954), but for the kind of projection.
 */
import { choleskySolver } from './cholesky.ts';
import { dampedFisher, dampedInfluence } from './damped-influence.ts';
import { sketchBytes } from './gradient-parts.ts';
import type { Method } from './method.ts';

export const INFLUENCE: Method = {
  name: 'influence',
  title: 'IF (solved)',
  source:
    "-IF = Σ over tensors of <g, H⁻¹ g'>, H the damped Fisher matrix of the rows' sketched gradients, solved directly",
  needs: ['gradients'],
  checkpoints: 'last',
  bytesPerRow: (features) => sketchBytes(features, 'last'),
  scores: (features) =>
    dampedInfluence(features, (gradients) => choleskySolver(dampedFisher(gradients), gradients.width)),
};
