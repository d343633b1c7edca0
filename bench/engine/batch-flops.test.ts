import { expect, it } from 'vitest';
import { smollm2Shape } from './shapes.ts';
import { batchFlops } from './batch-flops.ts';
import { benchBatch } from './batch.ts';

const config = smollm2Shape();

it('knows that the logits of many rows are made twice', () => {
  // 32 rows of 49152 logits are 6 MB, 512 rows 100 MB, more than are kept.
  const few = batchFlops(config, benchBatch(64, 100), 30);
  const many = batchFlops(config, benchBatch(1024, 100), 30);
  expect(few.head).toBe(2 * 2 * 32 * 49152 * 576);
  expect(many.head).toBe(3 * 2 * 512 * 49152 * 576);
});

it("adds the base's forward and nothing else of its", () => {
  const samples = benchBatch(64, 100);
  const alone = batchFlops(config, samples, 30);
  const beside = batchFlops(config, samples, 30, true);
  // At the last layer the tuned model goes forward through the blocks and no more, as the base does.
  expect(beside.projections).toBe(2 * alone.projections);
  expect(beside.head).toBeGreaterThan(1.5 * alone.head);
});
