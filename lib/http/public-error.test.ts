import { GraphQLError } from 'graphql';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ReptraceError } from '../errors.ts';
import { SILENT } from '../log.ts';
import { publicError } from './public-error.ts';

const tell = (error: GraphQLError, log = SILENT) => publicError(error.toJSON(), error, log);

describe('what clients are told', () => {
  it('is a ReptraceError, however deep it was wrapped, with its place', () => {
    const thrown = new ReptraceError('NOT_YET', 'not yet', 'Wait.');
    const inner = new GraphQLError('x', { originalError: thrown });
    const outer = new GraphQLError('y', {
      originalError: inner,
      path: ['a', 0],
      extensions: { code: 'OTHER' },
    });
    expect(tell(outer)).toEqual({
      ...{ message: 'not yet', path: ['a', 0] },
      extensions: { code: 'NOT_YET', remedy: 'Wait.' },
    });
  });

  it('is a code of the vocabulary with its remedy, and no other extension', () => {
    const extensions = {
      code: 'NOT_YET',
      remedy: 'Wait.',
      response: { url: 'http://inside' },
      stacktrace: [],
    };
    expect(tell(new GraphQLError('not yet', { extensions })).extensions).toEqual({
      code: 'NOT_YET',
      remedy: 'Wait.',
    });
  });

  it.each(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT', 'BAD_REQUEST'])(
    'is QUERY_INVALID for %s',
    (code) => {
      expect(tell(new GraphQLError('no field x', { extensions: { code } }))).toMatchObject({
        message: 'no field x',
        extensions: { code: 'QUERY_INVALID' },
      });
    },
  );

  it('is only the id of what nobody foresaw; the log has the rest under that id', () => {
    const lines: string[] = [];
    const log = pino({ base: null }, { write: (line: string) => lines.push(line) });
    const secret = new Error('ENOENT: /home/someone/secret');
    const told = tell(new GraphQLError(secret.message, { originalError: secret }), log);
    expect(told.extensions?.['code']).toBe('INTERNAL');
    expect(JSON.stringify(told)).not.toContain('secret');
    const { errorId } = JSON.parse(lines[0]) as { errorId: string };
    expect(told.extensions?.['remedy']).toContain(errorId);
    expect(lines[0]).toContain('/home/someone/secret');
  });
});
