/** What `Records` promises, over SQLite and over a real NATS. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_VALUE_BYTES, type Records } from '../../lib/records/records.ts';
import { LARGE, all, failsWith, increment, natsPlace, sqlitePlace, type Place } from './records-places.ts';

describe.each([
  ['SQLite', sqlitePlace],
  ['NATS', natsPlace],
])('records in %s', (_name, makePlace) => {
  let place: Place;
  let records: Records;

  beforeAll(async () => {
    place = await makePlace();
    records = await place.open();
  });

  afterAll(async () => {
    await records.close();
    await place.close();
  });

  test('what was put is got, with its revision; what was not is undefined', async () => {
    expect(await records.get('basic', 'a')).toBeUndefined();
    const revision = await records.put('basic', 'a', { list: [1, 2.5, null, true], text: '' });
    expect(revision).toBeGreaterThan(0);
    expect(await records.get('basic', 'a')).toEqual({
      value: { list: [1, 2.5, null, true], text: '' },
      revision,
    });
    expect(await records.get('basic', 'b')).toBeUndefined();
    expect(await records.get('basic2', 'a')).toBeUndefined();
  });

  test.each([[null], [0], [''], [false], [[]], [{}], [{ object: 'a', value: 'b' }]])(
    'a value may be %j',
    async (value) => {
      await records.put('values', 'v', value);
      expect((await records.get('values', 'v'))?.value).toEqual(value);
    },
  );

  test('any Unicode survives, also what is no well-formed text', async () => {
    const value = { 'Schlüssel 😀': 'e\u0301 \u0000 \ud800 \u2028 日本語 "\\' };
    await records.put('unicode', 'u', value);
    expect((await records.get('unicode', 'u'))?.value).toEqual(value);
  });

  test('a key named like a part of every object is a key like another', async () => {
    await records.put('names', '__proto__', { __proto__: null, a: 1 });
    await records.put('names', 'constructor', 2);
    expect((await all(records.list('names'))).map(({ key }) => key)).toEqual(['__proto__', 'constructor']);
  });

  test('a value of some megabytes comes back whole, can be replaced, listed and deleted', async () => {
    const first = await records.put('large', 'l', LARGE, 'absent');
    expect((await records.get('large', 'l'))?.value).toEqual(LARGE);
    const second = await records.put('large', 'l', { ...LARGE, last: false }, first);
    expect(second).toBeGreaterThan(first);
    expect(await all(records.list('large'))).toEqual([
      { key: 'l', value: { ...LARGE, last: false }, revision: second },
    ]);
    expect(await records.delete('large', 'l', second)).toBe(true);
    expect(await records.get('large', 'l')).toBeUndefined();
    expect(await all(records.list('large'))).toEqual([]);
  });

  test('who reads a large value while it is replaced gets the old one or the new one, whole', async () => {
    const value = (n: number) => ({ n, text: String(n).repeat(1_000_000) });
    await records.put('race', 'r', value(0));
    let isWriting = true;
    const writing = (async () => {
      for (let n = 1; n < 10; n++) await records.put('race', 'r', value(n));
      isWriting = false;
    })();
    const reader = await place.open();
    while (isWriting) {
      const found = (await reader.get<{ n: number; text: string }>('race', 'r'))?.value;
      expect(found?.text === String(found?.n).repeat(1_000_000)).toBe(true);
    }
    await writing;
    await reader.close();
    expect((await records.get<{ n: number }>('race', 'r'))?.value.n).toBe(9);
  });

  test('revisions grow with every put, also after the key was deleted', async () => {
    const revisions = [await records.put('grow', 'g', 1), await records.put('grow', 'g', 1)];
    await records.delete('grow', 'g');
    revisions.push(await records.put('grow', 'g', 1));
    await records.delete('grow', 'g');
    revisions.push(await records.put('grow', 'g', 1, 'absent'));
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
  });

  test('a put over another revision than expected is a CONFLICT and changes nothing', async () => {
    const first = await records.put('cas', 'c', 'one');
    const second = await records.put('cas', 'c', 'two', first);
    const message = await failsWith('CONFLICT', records.put('cas', 'c', 'three', first));
    expect(message).toContain('cas/c');
    await failsWith('CONFLICT', records.put('cas', 'c', 'three', 'absent'));
    await failsWith('CONFLICT', records.put('cas', 'c', LARGE, first));
    await failsWith('CONFLICT', records.put('cas', 'none', 'x', second));
    expect(await records.get('cas', 'c')).toEqual({ value: 'two', revision: second });
    expect(await records.get('cas', 'none')).toBeUndefined();
  });

  test('delete tells whether something was there, and refuses another revision than expected', async () => {
    expect(await records.delete('del', 'd')).toBe(false);
    const first = await records.put('del', 'd', 1);
    const second = await records.put('del', 'd', 2);
    await failsWith('CONFLICT', records.delete('del', 'd', first));
    expect(await records.delete('del', 'd', second)).toBe(true);
    expect(await records.delete('del', 'd')).toBe(false);
    await failsWith('CONFLICT', records.delete('del', 'd', second));
    expect(await records.get('del', 'd')).toBeUndefined();
  });

  test('of many who create the same key, one does', async () => {
    const creating = Array.from({ length: 20 }, (_, n) => records.put('create', 'c', n, 'absent'));
    const results = await Promise.allSettled(creating);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const winner = results.findIndex(({ status }) => status === 'fulfilled');
    expect((await records.get('create', 'c'))?.value).toBe(winner);
  });

  test('20 who increment at once, over two handles, lose nothing', async () => {
    const other = await place.open();
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => increment(n % 2 === 0 ? records : other, 'count', 'n')),
    );
    expect((await records.get('count', 'n'))?.value).toBe(20);
    await other.close();
  });

  test('20 who put at once without expecting anything all succeed, and one of them stays', async () => {
    const revisions = await Promise.all(
      Array.from({ length: 20 }, (_, n) => records.put('blind', 'b', { n })),
    );
    expect(new Set(revisions).size).toBe(20);
    const last = revisions.indexOf(Math.max(...revisions));
    expect((await records.get('blind', 'b'))?.value).toEqual({ n: last });
  });

  test('list gives a collection in the order of its keys, without what was deleted', async () => {
    const keys = ['b', 'a', '_a', 'B', '-', 'a-1', 'a1', '10', '9'];
    for (const key of keys) await records.put('list', key, `value of ${key}`);
    await records.put('list', 'gone', 1);
    await records.delete('list', 'gone');
    await records.put('list2', 'other', 1);
    const found = await all(records.list('list'));
    expect(found.map(({ key }) => key)).toEqual(['-', '10', '9', 'B', '_a', 'a', 'a-1', 'a1', 'b']);
    expect(found.every(({ key, value }) => value === `value of ${key}`)).toBe(true);
    expect(found[0]).toEqual({ key: '-', ...(await records.get('list', '-')) });
    expect(await all(records.list('empty'))).toEqual([]);
  });

  test('who lists may stop early, and may write what it lists', async () => {
    for (let n = 10; n < 40; n++) await records.put('walk', String(n), n);
    for await (const { key } of records.list('walk')) {
      if (key === '12') break;
    }
    for await (const { key, revision } of records.list<number>('walk')) {
      await records.delete('walk', key, revision);
    }
    expect(await all(records.list('walk'))).toEqual([]);
  });

  test.each(['', 'a.b', 'a b', 'a/b', '*', '>', 'é', 'x'.repeat(201), 'a\n'])(
    '%j is INPUT_INVALID as a key and as a collection',
    async (name) => {
      await failsWith('INPUT_INVALID', records.get('good', name));
      await failsWith('INPUT_INVALID', records.put('good', name, 1));
      await failsWith('INPUT_INVALID', records.delete(name, 'good'));
      await failsWith('INPUT_INVALID', all(records.list(name)));
    },
  );

  test('names may have 200 characters', async () => {
    await records.put('c'.repeat(200), 'k'.repeat(200), LARGE);
    expect((await all(records.list('c'.repeat(200))))[0]).toMatchObject({
      key: 'k'.repeat(200),
      value: LARGE,
    });
  });

  test('what JSON has no text for is INPUT_INVALID; what is too large, REQUEST_TOO_LARGE', async () => {
    await failsWith('INPUT_INVALID', records.put('bad', 'b', undefined));
    await failsWith('INPUT_INVALID', records.put('bad', 'b', 1n));
    await failsWith('REQUEST_TOO_LARGE', records.put('bad', 'b', 'x'.repeat(MAX_VALUE_BYTES)));
    expect(await records.get('bad', 'b')).toBeUndefined();
  });

  test('what somebody else wrote there is INTERNAL, by name, and can be overwritten or deleted', async () => {
    await records.put('foreign', 'f', 1);
    await place.tamper('foreign', 'f', '{"half":');
    expect(await failsWith('INTERNAL', records.get('foreign', 'f'))).toContain('foreign/f');
    expect(await failsWith('INTERNAL', all(records.list('foreign')))).toContain('foreign/f');
    await records.put('foreign', 'f', 2);
    expect((await records.get('foreign', 'f'))?.value).toBe(2);
    await place.tamper('foreign', 'f', 'not JSON');
    expect(await records.delete('foreign', 'f')).toBe(true);
  });

  test('another handle sees every write at once, and all of it after a close', async () => {
    const other = await place.open();
    for (let n = 0; n < 20; n++) {
      const revision = await records.put('seen', 's', n);
      expect(await other.get('seen', 's')).toEqual({ value: n, revision });
    }
    await other.put('seen', 'large', LARGE);
    await other.close();
    const again = await place.open();
    expect((await again.get('seen', 's'))?.value).toBe(19);
    expect((await again.get('seen', 'large'))?.value).toEqual(LARGE);
    await again.close();
  });

  test('a closed handle says STORE_UNREACHABLE, and can be closed again', async () => {
    const other = await place.open();
    await other.ping();
    await other.close();
    await other.close();
    await failsWith('STORE_UNREACHABLE', other.ping());
    await failsWith('STORE_UNREACHABLE', other.get('closed', 'c'));
    await failsWith('STORE_UNREACHABLE', other.put('closed', 'c', 1));
    await failsWith('STORE_UNREACHABLE', all(other.list('closed')));
  });
});
