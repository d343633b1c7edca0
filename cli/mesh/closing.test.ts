import { describe, expect, it } from 'vitest';
import { Closing } from './closing.ts';

describe('Closing', () => {
  it('closes in the reverse order, once, whatever fails, and tells the first failure', async () => {
    const closed: string[] = [];
    const closing = new Closing();
    const thing = (name: string, fails = false) => ({
      close: () => {
        closed.push(name);
        return fails ? Promise.reject(new Error(name)) : Promise.resolve();
      },
    });
    closing.add(thing('bus'));
    closing.add(thing('index', true));
    closing.add(thing('gateway', true));
    await expect(closing.close()).rejects.toThrow('gateway');
    await expect(closing.close()).rejects.toThrow('gateway');
    expect(closed).toEqual(['gateway', 'index', 'bus']);
  });
});
