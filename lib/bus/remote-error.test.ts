import { expect, test } from 'vitest';
import { ReptraceError } from '../errors.ts';
import { decodeError, encodeError } from './remote-error.ts';

test('a ReptraceError arrives as a new one with its code, message and remedy', () => {
  const sent = new ReptraceError('LAYER_NOT_FOUND', 'no layer 99', 'Name one of 1 to 30.');
  const received = decodeError(encodeError(sent, 'compute.sign'), 'compute.sign');
  expect(received).not.toBe(sent);
  expect(received).toBeInstanceOf(ReptraceError);
  expect(received).toMatchObject({ code: sent.code, message: sent.message, remedy: sent.remedy });
});

test('anything else thrown arrives as INTERNAL, with its text and where it was', () => {
  for (const thrown of [new TypeError('boom'), 'boom']) {
    const received = decodeError(encodeError(thrown, 'compute.sign'), 'compute.sign');
    expect(received).toMatchObject({ code: 'INTERNAL', message: '"compute.sign" failed: boom' });
  }
});

test('a message of any length fits a payload', () => {
  const sent = new ReptraceError('INTERNAL', 'x'.repeat(1e6), 'y'.repeat(1e6));
  expect(encodeError(sent, 's').length).toBeLessThan(10_000);
});

test('bytes that are no error, or one of an unknown code, are INTERNAL', () => {
  for (const text of [
    '',
    'null',
    '[]',
    '{"code":"NO_SUCH","message":"m","remedy":"r"}',
    '{"code":"INTERNAL"}',
  ]) {
    expect(decodeError(Buffer.from(text), 's')).toMatchObject({ code: 'INTERNAL' });
  }
});
