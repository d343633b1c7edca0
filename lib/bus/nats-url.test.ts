import { expect, test } from 'vitest';
import { parseNatsUrl } from './nats-url.ts';

test('credentials are taken from the URL, and are not in what is shown', () => {
  const named = parseNatsUrl('nats://alice:p%40ss@bus.example:4223');
  expect(named).toEqual({
    ...{ servers: ['bus.example:4223'], tls: false, user: 'alice', pass: 'p@ss' },
    label: 'nats://bus.example:4223',
  });
  const token = parseNatsUrl('tls://s3cret@bus.example');
  expect(token).toEqual({ servers: ['bus.example'], tls: true, token: 's3cret', label: 'tls://bus.example' });
});

test('several servers are joined by commas', () => {
  const { servers, label } = parseNatsUrl('nats://a:4222, nats://[::1]:4223');
  expect(servers).toEqual(['a:4222', '[::1]:4223']);
  expect(label).toBe('nats://a:4222,nats://[::1]:4223');
});

test('what is no NATS URL is refused without being shown, since it may hold a password', () => {
  for (const text of ['', 'localhost', 'http://x', 'nats://', 'nats://u:hunter2@a:port']) {
    expect(() => parseNatsUrl(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error);
    expect(() => parseNatsUrl(text)).not.toThrow(/hunter2/);
  }
});
