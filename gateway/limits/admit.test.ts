import { getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { admit } from './admit.ts';

const fails = (query: string, code: string) => {
  expect(() => admit(query)).toThrow(expect.objectContaining({ code }) as Error);
};
const nested = (levels: number) => `${'{ a '.repeat(levels)}${'}'.repeat(levels)}`;

describe('what an operation may be', () => {
  it('takes the introspection query', () => {
    admit(getIntrospectionQuery());
  });

  it('takes 20 levels and refuses 21, also through fragments', () => {
    admit(nested(20));
    fails(nested(21), 'QUERY_TOO_DEEP');
    const chain = (links: number) =>
      `{ a { ...F0 } } ${Array.from({ length: links }, (_, i) => `fragment F${i} on T { b { ...F${i + 1} } }`).join(' ')} fragment F${links} on T { c }`;
    admit(chain(18));
    fails(chain(19), 'QUERY_TOO_DEEP');
    fails(chain(400), 'QUERY_TOO_DEEP');
  });

  it('refuses fragments that double each other, in no time', () => {
    const doubling = (leaf: string) =>
      `{ ...F0 } ${Array.from({ length: 100 }, (_, i) => `fragment F${i} on Query { ...F${i + 1} ... { ...F${i + 1} } }`).join(' ')} ${leaf}`;
    const started = performance.now();
    fails(doubling('fragment F100 on Query { a }'), 'QUERY_TOO_COSTLY');
    fails(doubling(''), 'QUERY_TOO_COSTLY');
    expect(performance.now() - started).toBeLessThan(500);
  });

  it('leaves fragments that spread themselves to validation', () => {
    admit('{ ...A } fragment A on Query { a ...B } fragment B on Query { b ...A }');
  });

  it('counts root fields with their aliases, through fragments', () => {
    const fields = (count: number) =>
      Array.from({ length: count }, (_, i) => `f${i}: models { id }`).join(' ');
    admit(`{ ${fields(10)} }`);
    fails(`{ ${fields(11)} }`, 'QUERY_TOO_COSTLY');
    fails(
      `{ ${fields(6)} ...F } fragment F on Query { ... on Query { x: adapter { name } } ${fields(4)} }`,
      'QUERY_TOO_COSTLY',
    );
  });

  it('takes three questions that cost a GPU, and refuses four', () => {
    const traces = (count: number) =>
      `{ ${Array.from({ length: count }, (_, i) => `t${i}: traceBehavior(output: "x") { __typename }`).join(' ')} }`;
    admit(traces(3));
    fails(traces(4), 'QUERY_TOO_COSTLY');
    fails(
      'mutation { a: generate { x } b: generate { x } c: buildIndex { x } d: buildIndex { x } }',
      'QUERY_TOO_COSTLY',
    );
  });

  it('refuses every operation of a document that asks too much, not only the one to be run', () => {
    fails(`query A { a } query B { ${'a '.repeat(11)} }`, 'QUERY_TOO_COSTLY');
  });

  it('names a syntax error with its place', () => {
    expect(() => admit('{ a(')).toThrow(
      expect.objectContaining({
        code: 'QUERY_INVALID',
        message: expect.stringContaining('line 1, column 5') as string,
      }) as Error,
    );
  });
});
