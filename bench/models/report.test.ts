import { expect, it } from 'vitest';
import { linearity, wholeTable } from './report.ts';
import type { LengthStep, TokenStep } from './scaling.ts';
import type { WholeSpeed } from './whole.ts';

const SECONDS = { median: 2, spread: 0.1, samples: [2] };
const SPEED: WholeSpeed = {
  ...{ model: 'demo', layer: 4, layers: 6, withBase: true, samples: 80, tokens: 3200, flops: 4e9 },
  ...{
    seconds: SECONDS,
    wallSeconds: { ...SECONDS, median: 9 },
    samplesPerSecond: 40,
    tokensPerSecond: 1600,
  },
  ...{ limit: 6400, ofLimit: 0.25, asked: { of: 'samples', perSecond: 30 } },
};

it('says whether what is asked for is reached', () => {
  const cells = (speed: WholeSpeed): string => wholeTable([speed]).split('\n')[2];
  expect(cells(SPEED)).toContain('30 samples/s: reached');
  expect(cells({ ...SPEED, samplesPerSecond: 29.9 })).toContain('30 samples/s: not reached');
  expect(cells({ ...SPEED, asked: { of: 'tokens', perSecond: 1601 } })).toContain('not reached');
  expect(cells({ ...SPEED, asked: null })).not.toContain('reached');
});

it('tells the growth of what should be linear, attention of a long sample not among it', () => {
  const tokens = [null, 1.9, 2.05].map((ratio) => ({ ratio }) as TokenStep);
  const lengths = [null, 1.5, 1.8].map((othersRatio) => ({ othersRatio, attentionRatio: 4 }) as LengthStep);
  const [even, one] = linearity({ tokens, lengths });
  expect(even).toContain('2.05 in the worst step');
  expect(one).toContain('1.8 in the worst step');
});
