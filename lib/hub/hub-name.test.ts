import { describe, expect, it } from 'vitest';
import { nameInPlaceOfPath, parseHubName, writtenName } from './hub-name.ts';

describe('a name', () => {
  it.each([
    ['org/name', { kind: 'model', repo: 'org/name', revision: undefined, file: undefined }],
    ['gpt2', { kind: 'model', repo: 'gpt2', revision: undefined, file: undefined }],
    ['gpt2@main', { kind: 'model', repo: 'gpt2', revision: 'main', file: undefined }],
    ['Org-1/N_a.m-e@v1.0', { kind: 'model', repo: 'Org-1/N_a.m-e', revision: 'v1.0', file: undefined }],
    ['org/name@feature%2Fx', { kind: 'model', repo: 'org/name', revision: 'feature/x', file: undefined }],
    ['org/name@refs/pr/1', { kind: 'model', repo: 'org/name', revision: 'refs/pr/1', file: undefined }],
    ['org/name/a.gguf', { kind: 'model', repo: 'org/name', revision: undefined, file: 'a.gguf' }],
    ['org/name@v1/d/a.gguf', { kind: 'model', repo: 'org/name', revision: 'v1', file: 'd/a.gguf' }],
    ['datasets/org/name', { kind: 'dataset', repo: 'org/name', revision: undefined, file: undefined }],
    [
      'datasets/org/name/a/b.csv',
      { kind: 'dataset', repo: 'org/name', revision: undefined, file: 'a/b.csv' },
    ],
  ] as const)('%s is read, and written the same', (text, expected) => {
    const name = parseHubName(text);
    expect(name).toEqual(expected);
    if (name !== undefined) expect(writtenName(name)).toBe(text);
  });

  it.each([
    '',
    '/org/name',
    './name',
    '../name',
    'org/..',
    'org/.name',
    'org/na--me',
    'org--x/name',
    'org/name.git',
    'org//name',
    'org/name@',
    'org/name@../x',
    'org/name@a..b',
    'org/name@.hidden',
    'org/name@a%00b',
    'org/name@%zz',
    'org/name@a%2F..%2Fb',
    'org/name/../../x',
    'org/name/',
    'org\\name',
    'C:/name',
    `org/${'n'.repeat(100)}`,
    'a b/c',
    'org/name\n',
  ])('is not read from %j', (text) => {
    expect(parseHubName(text)).toBeUndefined();
  });

  it('stands where a path could only when it does not look like a file’s path', () => {
    expect(nameInPlaceOfPath('org/name', 'model')?.repo).toBe('org/name');
    expect(nameInPlaceOfPath('org/name', 'dataset')?.kind).toBe('dataset');
    expect(nameInPlaceOfPath('datasets/org/name', 'model')).toBeUndefined();
    expect(nameInPlaceOfPath('name', 'model')).toBeUndefined();
    expect(nameInPlaceOfPath('models/some.gguf', 'model')).toBeUndefined();
    expect(nameInPlaceOfPath('data/train.jsonl', 'dataset')).toBeUndefined();
    expect(nameInPlaceOfPath('org/Llama-3.2-1B', 'model')?.repo).toBe('org/Llama-3.2-1B');
  });
});
