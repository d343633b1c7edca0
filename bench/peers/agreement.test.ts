import { expect, it } from 'vitest';
import { differences } from './agreement.ts';

const ours = { loss: 10, gradient: Float32Array.of(2, -4, 0) };

it('tells how far results are apart, of the largest magnitude', () => {
  const found = differences('peer', ours, { loss: 10.001, gradient: Float32Array.of(2, -4, 0.002) });
  expect(found.loss).toBeCloseTo(1e-4);
  expect(found.gradient).toBeCloseTo(5e-4);
});

it('names the peer that did other work', () => {
  expect(() => differences('jax-js', ours, { ...ours, loss: 10.2 })).toThrow(/^jax-js did not .* loss/);
  expect(() => differences('tfjs', ours, { loss: 10, gradient: Float32Array.of(2, -4, 0.1) })).toThrow(
    /^tfjs did not .* gradient/,
  );
});

it('takes no gradient of another length, and nothing that is no number', () => {
  expect(() => differences('peer', ours, { loss: 10, gradient: Float32Array.of(2, -4) })).toThrow('Infinity');
  expect(() => differences('peer', ours, { ...ours, loss: NaN })).toThrow('loss');
});
