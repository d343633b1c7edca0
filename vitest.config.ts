// Test projects: `unit` needs no GPU and runs in parallel; `gpu` (every *.gpu.test.ts and test/**) runs one file
// at a time in forked processes, since two devices on a software adapter only fight over the same cores.
import { createRequire } from 'node:module';
import { defineConfig } from 'vitest/config';

const gpuFiles = ['**/*.gpu.test.ts', 'test/**/*.test.ts'];
const slowFiles = ['**/*.slow.test.ts'];
const ignored = ['node_modules/**', 'dist/**'];
// graphql has a CommonJS and an ES module build and no `exports`: Node takes the first, Vite the second, and a schema made
// by one is foreign to the other. Tests take the one that Node takes.
const resolve = {
  alias: [{ find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') }],
};

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        test: {
          name: 'unit',
          include: ['{cli,gateway,services,lib,demo,lab,bench,scripts}/**/*.test.ts'],
          exclude: [...gpuFiles, ...slowFiles, ...ignored],
          pool: 'forks',
          testTimeout: 60_000,
        },
      },
      {
        resolve,
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
        resolve,
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
