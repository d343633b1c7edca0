/**
 * RepT's signature (arXiv 2510.02334), compared in four ways. The paper concatenates h and g at p and takes the cosine; it does not
 * say how long each should be beside the other, and the released code leaves them as they are: h is 100 to 1,000 times as long.
 */
import type { Features } from '../features/features.ts';
import { concatenated, cosines, mixed } from './cosines.ts';
import type { Method, Scores } from './method.ts';
import { placeAt, placeBytes } from './needed.ts';

const SOURCE = 'RepT, arXiv 2510.02334';

export const REPT_RELEASED: Method = {
  name: 'rept-released',
  title: 'RepT released',
  source: `cos([h; g], [h'; g']) at p, at the last layer (its default, -1); ${SOURCE}, its code`,
  needs: ['layers'],
  bytesPerRow: (features) => placeBytes(features, features.lastLayer),
  scores: (features) => raw(features, features.lastLayer),
};

export const REPT_RELEASED_AUTO: Method = {
  name: 'rept-released-auto',
  title: 'RepT released, our layer',
  source: `cos([h; g], [h'; g']) at p, at the rule's layer; ${SOURCE}, its code`,
  needs: ['layers'],
  bytesPerRow: (features) => placeBytes(features, features.layer),
  scores: (features) => raw(features, features.layer),
};

/** The product's method REPT, with its default alpha. */
export const REPT_UNIT: Method = {
  name: 'rept-unit',
  title: 'RepT unit blocks',
  source: `(cos(h, h') + cos(g, g')) / 2 at p, at the rule's layer; ${SOURCE}, both halves of unit length`,
  needs: ['layers'],
  bytesPerRow: (features) => placeBytes(features, features.layer),
  scores: (features) => halves(features, false),
};

/** The two cosines that the product multiplies taught tokens' scores with, alone. */
export const REPT_CENTRED: Method = {
  name: 'rept-centred',
  title: 'RepT unit, centred h',
  source: `(cos(h - c, h' - c) + cos(g, g')) / 2 at p, at the rule's layer, c the mean of h; ${SOURCE}, centring ours`,
  needs: ['layers'],
  bytesPerRow: (features) => placeBytes(features, features.layer),
  scores: (features) => halves(features, true),
};

function raw(features: Features, layer: number): Scores {
  const { rows, outputs } = placeAt(features, layer);
  const whole = ({ hidden, gradient }: typeof rows) => concatenated(hidden, gradient);
  return { layer, byOutput: cosines(whole(outputs), whole(rows)) };
}

function halves(features: Features, isCentred: boolean): Scores {
  const { rows, outputs, centre } = placeAt(features, features.layer);
  const hidden = cosines(outputs.hidden, rows.hidden, isCentred ? centre : undefined);
  const gradient = cosines(outputs.gradient, rows.gradient);
  return { layer: features.layer, byOutput: mixed(hidden, gradient, (h, g) => (h + g) / 2) };
}
