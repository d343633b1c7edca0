import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import {
  dataDirOf,
  dataDirOption,
  gpuMemoryOption,
  layerChoice,
  realNumber,
  wholeNumber,
} from './options.ts';
import { duration } from './progress.ts';

describe('option values', () => {
  it('reads layers by name or number', () => {
    expect(layerChoice('auto')).toBe('auto');
    expect(layerChoice('0, 3,12')).toEqual([0, 3, 12]);
  });

  it.each(['', '1,', 'x', '-1', '1.5', '1e3'])('refuses %j as layers', (text) => {
    expect(() => layerChoice(text)).toThrow(/layer numbers/);
  });

  it('reads whole and real numbers and keeps their lower bounds', () => {
    expect(wholeNumber(1)('12')).toBe(12);
    expect(realNumber(0)('0.5')).toBe(0.5);
    for (const text of ['', ' ', '0', '1.5', 'NaN', '9007199254740993'])
      expect(() => wholeNumber(1)(text)).toThrow(/whole/);
    for (const text of ['', '-0.1', 'Infinity', 'x']) expect(() => realNumber(0)(text)).toThrow(/number/);
  });

  it('names no lower bound where there is none', () => {
    expect(() => wholeNumber(1)('x')).toThrow('expected a whole number of at least 1');
    expect(() => wholeNumber(-Number.MAX_SAFE_INTEGER)('x')).toThrow(/^expected a whole number$/);
    expect(() => realNumber(-Infinity)('x')).toThrow(/^expected a number$/);
  });
});

describe('--gpu-memory', () => {
  const given = (size: string): unknown => {
    const command = new Command('x').exitOverride().configureOutput({ writeErr: () => undefined });
    return command.addOption(gpuMemoryOption()).parse(['--gpu-memory', size], { from: 'user' }).opts()[
      'gpuMemory'
    ];
  };

  it('takes an amount with a unit, and refuses a number whose unit was forgotten by what it may have meant', () => {
    expect(given('8GiB')).toBe(8 * 2 ** 30);
    expect(() => given('8')).toThrow(/did you mean 8GiB\?/);
    expect(() => given('much')).toThrow(/such as 8GiB/);
  });
});

describe('the data folder', () => {
  const given = (...args: readonly string[]): string | undefined => {
    const command = dataDirOption(
      new Command('x').exitOverride().configureOutput({ writeErr: () => undefined }),
    );
    return dataDirOf(command.parse(args, { from: 'user' }).opts());
  };

  it('is named by --data-dir, and by --data where no dataset is named', () => {
    expect([given('--data-dir', 'a'), given('--data', 'b'), given()]).toEqual(['a', 'b', undefined]);
    expect(() => given('--data-dir', 'a', '--data', 'b')).toThrow(/cannot be used with/);
  });
});

describe('duration', () => {
  it('is short', () => {
    expect([0.4, 59.4, 75, 3599, 7260].map(duration)).toEqual(['0s', '59s', '1m15s', '59m59s', '2h01m']);
  });
});
