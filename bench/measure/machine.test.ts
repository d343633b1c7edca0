import { expect, it } from 'vitest';
import { adapterSlug } from './machine.ts';

it('makes a file name of an adapter, of its description where it has no name', () => {
  expect(adapterSlug({ device: 'NVIDIA H200', description: 'driver' })).toBe('nvidia-h200');
  expect(adapterSlug({ device: 'llvmpipe-llvm-15-0-6-256-bits-', description: '' })).toBe(
    'llvmpipe-llvm-15-0-6-256-bits',
  );
  expect(adapterSlug({ device: '', description: 'Apple M2' })).toBe('apple-m2');
  expect(adapterSlug({ device: '', description: '' })).toBe('unknown');
});
