import { describe, expect, it } from 'vitest';
import type { Features } from '../features/features.ts';
import { GRADIENT } from './gradient-only.ts';
import { HIDDEN } from './hidden.ts';
import type { Method } from './method.ts';
import { REPT_CENTRED, REPT_RELEASED, REPT_RELEASED_AUTO, REPT_UNIT } from './rept.ts';
import { featuresAt, madeFeatures } from './testing.ts';

const one = (method: Method, features: Features): number => method.scores(features).byOutput[0][0];

/** cos h = 24/25 and cos g = -3/5; |h| = 5 and 5, |g| = 2 and 5. */
const features = featuresAt(
  { hidden: [[4, 3]], gradient: [[3, 4]] },
  { hidden: [[3, 4]], gradient: [[-2, 0]] },
);

describe('RepT', () => {
  it('as released takes the cosine of h and g as they are', () => {
    const expected = (24 - 6) / (Math.sqrt(25 + 4) * Math.sqrt(25 + 25));
    expect(one(REPT_RELEASED, features)).toBeCloseTo(expected, 14);
    expect(one(REPT_RELEASED_AUTO, features)).toBeCloseTo(expected, 14);
  });

  it('as released is h alone where h is a thousand times as long', () => {
    const long = featuresAt(
      { hidden: [[4000, 3000]], gradient: [[3, 4]] },
      { hidden: [[3000, 4000]], gradient: [[-2, 0]] },
    );
    expect(one(REPT_RELEASED, long)).toBeCloseTo(24 / 25, 5);
  });

  it('of unit blocks has the mean of both cosines', () => {
    expect(one(REPT_UNIT, features)).toBeCloseTo((24 / 25 - 3 / 5) / 2, 14);
  });

  it('centred takes the centre from h, and from h only', () => {
    const centred = featuresAt(
      { hidden: [[4, 3]], gradient: [[3, 4]] },
      { hidden: [[3, 4]], gradient: [[-2, 0]] },
      [3, 3],
    );
    expect(one(REPT_CENTRED, centred)).toBeCloseTo((0 - 3 / 5) / 2, 14);
    expect(one(HIDDEN, centred)).toBeCloseTo(0, 14);
    expect(one(GRADIENT, centred)).toBeCloseTo(-3 / 5, 14);
  });

  it('looks at the last layer as released, else at the layer of the rule', () => {
    const made = madeFeatures();
    const layers = [REPT_RELEASED, REPT_RELEASED_AUTO, REPT_UNIT, REPT_CENTRED, HIDDEN, GRADIENT].map(
      (method) => method.scores(made).layer,
    );
    expect(layers).toEqual([4, 2, 2, 2, 2, 2]);
    const swapped = { ...made, layer: 4, lastLayer: 2 };
    expect(REPT_RELEASED.scores(swapped).byOutput).toEqual(REPT_RELEASED_AUTO.scores(made).byOutput);
  });

  it('names a layer that was not computed', () => {
    const away = { ...features, layer: 3, lastLayer: 3 };
    for (const method of [REPT_RELEASED, REPT_CENTRED, HIDDEN, GRADIENT]) {
      expect(() => method.scores(away)).toThrow(/layer 3 is not among the features: rows have 1/);
      expect(method.bytesPerRow(away)).toBeUndefined();
    }
  });

  it('keeps both vectors of a row, or one, in float32', () => {
    expect([REPT_RELEASED, HIDDEN, GRADIENT].map((method) => method.bytesPerRow(features))).toEqual([
      16, 8, 8,
    ]);
  });
});
