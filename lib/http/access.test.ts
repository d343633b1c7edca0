import { describe, expect, it } from 'vitest';
import { refusal, showsToken } from './access.ts';

describe('with a token', () => {
  it('lets in who shows it, however the scheme is written', () => {
    for (const authorization of ['Bearer secret', 'bearer secret', 'Bearer   secret ']) {
      expect(refusal({ authorization }, 'secret')).toBeUndefined();
    }
  });

  it.each([undefined, '', 'secret', 'Bearer', 'Bearer ', 'Bearer secre', 'Bearer secrets', 'Basic secret'])(
    'refuses %s',
    (authorization) => {
      expect(refusal(authorization === undefined ? {} : { authorization }, 'secret')).toMatchObject({
        code: 'UNAUTHENTICATED',
      });
    },
  );

  it('takes no array, number or object for credentials', () => {
    for (const odd of [['Bearer secret'], 1, {}, null]) expect(showsToken(odd, 'secret')).toBe(false);
  });
});

describe('without a token', () => {
  it.each(['127.0.0.1:4000', 'localhost:4000', 'LOCALHOST', '[::1]:4000', '127.8.8.8'])(
    'lets in who calls the server %s',
    (host) => {
      expect(refusal({ host }, undefined)).toBeUndefined();
    },
  );

  it.each([
    undefined,
    '',
    'evil.example',
    'evil.example:4000',
    'localhost.evil.example',
    '192.168.1.5:4000',
    '::1:x',
  ])('refuses the host %s, which may be a rebound name', (host) => {
    expect(refusal(host === undefined ? {} : { host }, undefined)).toMatchObject({ code: 'TOKEN_REQUIRED' });
  });

  it('lets in its own pages, and no others', () => {
    const host = 'localhost:4000';
    expect(refusal({ host, origin: 'http://localhost:4000' }, undefined)).toBeUndefined();
    for (const origin of [
      'http://localhost:5173',
      'http://127.0.0.1:4000',
      'https://evil.example',
      'null',
      '',
    ]) {
      expect(refusal({ host, origin }, undefined)).toMatchObject({ code: 'TOKEN_REQUIRED' });
    }
  });
});
