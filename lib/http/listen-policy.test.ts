import { describe, expect, it } from 'vitest';
import { checkListenPolicy, isLoopback } from './listen-policy.ts';

const LOOPBACK = [
  '127.0.0.1',
  '127.255.0.9',
  '::1',
  '[::1]',
  '0:0:0:0:0:0:0:1',
  '::ffff:127.0.0.1',
  'localhost',
  'LocalHost',
];
const BEYOND = [
  '0.0.0.0',
  '::',
  '[::]',
  '::ffff:0.0.0.0',
  '::ffff:192.168.1.5',
  '192.168.1.5',
  '10.0.0.1',
  '128.0.0.1',
  'fe80::1',
  'example.org',
  'localhost.example.org',
  '127.0.0.1.example.org',
  '',
  ' ',
  '0',
  '127.1',
];

describe('where a server may listen', () => {
  it.each(LOOPBACK)('takes %s for this machine only', (host) => {
    expect(isLoopback(host)).toBe(true);
    expect(() => {
      checkListenPolicy(host, undefined);
    }).not.toThrow();
  });

  it.each(BEYOND)('refuses "%s" without a token', (host) => {
    expect(isLoopback(host)).toBe(false);
    for (const token of [undefined, '']) {
      expect(() => {
        checkListenPolicy(host, token);
      }).toThrow(expect.objectContaining({ code: 'TOKEN_REQUIRED' }));
    }
  });

  it.each(BEYOND)('takes "%s" with a token', (host) => {
    expect(() => {
      checkListenPolicy(host, 'secret');
    }).not.toThrow();
  });
});
