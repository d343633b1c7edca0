import { readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { lookOf, type Look } from './look.ts';
import { checkStreams } from './streams.ts';

const api = readFileSync(new URL('../../schema/api.graphql', import.meta.url), 'utf8');
const schema = buildSchema(api);

function look(text: string, variables?: Record<string, unknown>, operationName?: string): Look {
  const document = parse(text);
  expect(validate(schema, document)).toEqual([]);
  return lookOf(schema, { document, variables, operationName });
}

/** The query of a look, which must be valid. */
function query(of: Look): string {
  const { query: text } = of.request('id-1', '7');
  expect(validate(schema, parse(text))).toEqual([]);
  return text.replaceAll(/\s+/g, ' ');
}

describe('a subscription as a query', () => {
  it('has the client’s name for the field, our arguments, and our aliases', () => {
    const of = look('subscription { p: indexProgress(index: "a") { done } }');
    expect(query(of)).toBe(
      'query ($look_key: ID!, $look_after: String) { p: indexProgress(index: $look_key, after: $look_after) ' +
        '{ done look_cursor: cursor look_state: state } look_alive: index(id: $look_key) { id } }',
    );
    expect(of).toMatchObject({ key: 'a', after: null });
    expect(of.request('id-1', '7').variables).toEqual({ look_key: 'id-1', look_after: '7' });
  });

  it('declares the client’s variables that are still used, and no others', () => {
    const of = look(
      'subscription S($i: ID!, $a: String = "3", $yes: Boolean!) { indexProgress(index: $i, after: $a) { done @include(if: $yes) } }',
      { i: 12, yes: true },
    );
    expect(of).toMatchObject({ key: '12', after: '3' });
    expect(query(of)).toMatch(/^query S\(\$yes: Boolean!, \$look_key: ID!, \$look_after: String\)/);
  });

  it('goes through fragments on Subscription, and leaves other operations behind', () => {
    const of = look(
      `query Q { ...OnQuery } fragment OnQuery on Query { models { id } }
       subscription S { ... { ...F } } fragment F on Subscription { ... on Subscription { indexProgress(index: 5) { ...P } } }
       fragment P on IndexProgress { state }`,
      undefined,
      'S',
    );
    expect(of.key).toBe('5');
    expect(query(of)).not.toContain('OnQuery');
    expect(query(of)).toContain('fragment F on Query');
  });

  it('chooses aliases that the client does not use', () => {
    const of = look('subscription { indexProgress(index: "a") { look_cursor: total _look_state: done } }');
    expect(query(of)).toContain('__look_cursor: cursor');
  });

  it.each([
    ['subscription($i: ID!) { indexProgress(index: $i) { done } }', {}],
    ['subscription($i: ID!) { indexProgress(index: $i) { done } }', { i: null }],
    ['subscription($i: ID!) { indexProgress(index: $i) { done } }', { i: [[['x']]] }],
  ])('is refused when its variables do not fit', (text, variables) => {
    expect(() => look(text, variables)).toThrow(expect.objectContaining({ code: 'QUERY_INVALID' }) as Error);
  });
});

describe('an answer', () => {
  const of = look('subscription { p: indexProgress(index: "a") { done } }');
  const error = (path: string, code = 'DISK_FULL') => ({ message: 'm', path: [path], extensions: { code } });

  it('is an event, without what we asked for ourselves', () => {
    const data = { p: { done: 3, look_cursor: '9', look_state: 'RUNNING' }, look_alive: null };
    expect(of.read({ data, errors: [error('look_alive'), error('p')] })).toEqual({
      ...{ kind: 'event', cursor: '9', state: 'RUNNING' },
      result: { data: { p: { done: 3 } }, errors: [error('p')] },
    });
    expect(of.read({ data })).toMatchObject({ result: { data: { p: { done: 3 } } } });
  });

  it('is nothing new, or that the index is gone', () => {
    expect(of.read({ data: { p: null, look_alive: { id: 'a' } } })).toEqual({ kind: 'nothing new' });
    expect(of.read({ data: { p: null, look_alive: null } })).toEqual({ kind: 'gone' });
    expect(of.read({ data: { p: null, look_alive: null }, errors: [error('look_alive')] })).toEqual({
      kind: 'nothing new',
    });
  });

  it('is a failure when the field has one, or when there is no answer', () => {
    expect(of.read({ data: { p: null, look_alive: null }, errors: [error('p')] })).toMatchObject({
      kind: 'failed',
    });
    expect(of.read({ errors: [{ message: 'm' }] })).toMatchObject({ kind: 'failed' });
  });

  it('is that the field was left out, by a directive', () => {
    expect(of.read({ data: { look_alive: { id: 'a' } } })).toEqual({ kind: 'left out' });
  });
});

describe('the table of subscriptions', () => {
  it('fits the schema', () => {
    checkStreams(schema);
  });

  it.each([
    ['a subscription without an entry', 'type Subscription {', 'type Subscription { other: String '],
    ['an entry without a subscription', 'type Subscription {', 'type Nothing {'],
    [
      'another argument',
      'indexProgress(index: ID!, after: String): IndexProgress\n',
      'indexProgress(index: ID!): IndexProgress\n',
    ],
    ['a query that is not nullable', 'after: String): IndexProgress\n', 'after: String): IndexProgress!\n'],
    ['no cursor', 'cursor: String!', 'token: String!'],
  ])('is refused at start for %s', (_what, from, to) => {
    expect(api).toContain(from);
    expect(() => {
      checkStreams(buildSchema(api.replace(from, to)));
    }).toThrow();
  });
});
