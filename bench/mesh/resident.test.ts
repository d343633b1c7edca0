import { expect, it } from 'vitest';
import { markAt, parseStatus, type Reading } from './resident.ts';

const reading = (share: number, all: number): Reading => ({ seconds: 0, share, all, anonymous: all / 2 });

it('reads what Linux tells of a process', () => {
  const status =
    'Name:\tnode\nVmHWM:\t  409600 kB\nVmRSS:\t  307200 kB\nRssAnon:\t  204800 kB\nRssFile:\t 1 kB\n';
  expect(parseStatus(status)).toEqual({ all: 300, anonymous: 200 });
  expect(() => parseStatus('Name:\tnode\n')).toThrow('VmRSS');
});

it('takes the middle of the readings around a share, not its neighbours', () => {
  const readings = [
    reading(0.05, 900),
    reading(0.08, 100),
    reading(0.1, 300),
    reading(0.12, 110),
    reading(0.5, 900),
  ];
  expect(markAt(readings, 0.1)).toEqual({ share: 0.1, all: 110, anonymous: 55, readings: 3 });
});

it('refuses a share that nothing was read around', () => {
  expect(() => markAt([reading(0.1, 1)], 1)).toThrow('100 %');
});
