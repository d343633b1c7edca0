// Test projects: `unit` needs no GPU and runs in parallel; `gpu` (every *.gpu.test.ts and test/**) runs one file
// at a time in forked processes, since two devices on a software adapter only fight over the same cores.
import { defineConfig } from 'vitest/config';

const gpuFiles = ['**/*.gpu.test.ts', 'test/**/*.test.ts'];
const slowFiles = ['**/*.slow.test.ts'];
const ignored = ['node_modules/**', 'dist/**'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{cli,services,lib,demo,bench,scripts}/**/*.test.ts'],
          exclude: [...gpuFiles, ...slowFiles, ...ignored],
          pool: 'forks',
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'gpu',
          include: gpuFiles,
          exclude: [...slowFiles, ...ignored],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'slow',
          include: slowFiles,
          exclude: ignored,
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 1_800_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
