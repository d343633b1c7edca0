import { describe, expect, it } from 'vitest';
import { graphqlUrl } from './connect.ts';

describe('graphqlUrl', () => {
  it.each([
    ['http://127.0.0.1:4000', 'http://127.0.0.1:4000/graphql'],
    ['127.0.0.1:4000', 'http://127.0.0.1:4000/graphql'],
    ['localhost', 'http://localhost/graphql'],
    ['https://mesh.example/graphql', 'https://mesh.example/graphql'],
    ['https://mesh.example/behind/a/proxy', 'https://mesh.example/behind/a/proxy'],
  ])('takes %s', (server, url) => {
    expect(graphqlUrl(server)).toBe(url);
  });

  it.each(['', 'not a url', 'ftp://mesh.example', 'http://', 'file:///etc/passwd'])(
    'refuses %j, and says what an address looks like',
    (server) => {
      expect(() => graphqlUrl(server)).toThrow(
        expect.objectContaining({
          code: 'INPUT_INVALID',
          remedy: expect.stringContaining('http://') as string,
        }),
      );
    },
  );
});
