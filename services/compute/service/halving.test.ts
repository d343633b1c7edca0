import { describe, expect, it } from 'vitest';
import { halving } from './halving.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('halving', () => {
  it('finds the bad samples among many, in few tries, and keeps the order', async () => {
    let tries = 0;
    const results = await halving(
      numbers(64),
      (batch) => {
        tries += 1;
        return batch.includes(13) || batch.includes(40)
          ? Promise.reject(new Error('bad'))
          : Promise.resolve(batch.map(String));
      },
      (sample) => `${sample} is bad`,
    );
    expect(results).toEqual(numbers(64).map((i) => (i === 13 || i === 40 ? `${i} is bad` : `${i}`)));
    expect(tries).toBeLessThanOrEqual(2 * 2 * 6 + 1);
  });

  it('does nothing for no samples', async () => {
    expect(
      await halving(
        [],
        () => Promise.reject(new Error('called')),
        () => 0,
      ),
    ).toEqual([]);
  });

  it('ends with what is no sample’s fault, without trying again', async () => {
    let tries = 0;
    const work = (): Promise<never[]> => {
      tries += 1;
      return Promise.reject(new Error('closing'));
    };
    const blame = (_: number, error: unknown): never => {
      throw error as Error;
    };
    await expect(halving(numbers(8), work, blame)).rejects.toThrow('closing');
    expect(tries).toBe(1);
  });
});
