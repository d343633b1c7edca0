import { afterAll, beforeAll, expect, it } from 'vitest';
import { Gpu } from '../device/gpu.ts';
import { attentionVariant } from './attention-choice.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await Gpu.open({ attention: 'registers' });
});
afterAll(() => {
  gpu.close();
});

it('takes the variant that is named, and names those there are where it cannot', () => {
  expect(attentionVariant(gpu).name).toBe('registers');
  expect(() => attentionVariant({ report: gpu.report, attention: 'fastest' })).toThrow(
    /"fastest" names no variant .* can run/,
  );
  const plain = { ...gpu.report, subgroupSize: undefined };
  expect(() => attentionVariant({ report: plain, attention: 'broadcast' })).toThrow(
    /"broadcast" names no variant .* can run/,
  );
});

it('takes broadcasts on a software adapter with subgroups of 8, and registers anywhere else', () => {
  const name = (report: typeof gpu.report): string => attentionVariant({ report, attention: undefined }).name;
  expect(name({ ...gpu.report, software: true, subgroupSize: 8 })).toBe('broadcast');
  expect(name({ ...gpu.report, software: false, subgroupSize: 8 })).toBe('registers');
  expect(name({ ...gpu.report, software: true, subgroupSize: 4 })).toBe('registers');
  expect(name({ ...gpu.report, software: true, subgroupSize: undefined })).toBe('registers');
});

it('takes no name for an empty one', async () => {
  const other = await Gpu.open({ attention: '' });
  expect(other.attention).toBeUndefined();
  other.close();
});
