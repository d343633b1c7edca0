/** The command line as a whole: help everywhere, `npx reptrace` in a checkout, doctor, generate. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { sharedPath } from '../shared.ts';
import { lines, reptrace, ROOT } from './command.ts';

describe('reptrace', () => {
  it.each([[], ['doctor'], ['signature'], ['train'], ['generate']])(
    'explains itself with --help: %s',
    async (...command) => {
      const { code, stdout } = await reptrace([...command, '--help']);
      expect(code).toBe(0);
      expect(stdout).toContain('Usage: reptrace');
    },
  );

  it('refuses an unknown command and a bad option value with exit code 1', async () => {
    expect((await reptrace(['frobnicate'])).code).toBe(1);
    const { code, stderr } = await reptrace([
      'generate',
      '--model',
      'x',
      '--prompt',
      'y',
      '--max-tokens',
      'many',
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('--max-tokens');
  });

  it('runs as `npx reptrace` in the checkout', async () => {
    const { stdout } = await promisify(execFile)('npx', ['--no-install', 'reptrace', '--version'], {
      cwd: ROOT,
    });
    expect(stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('doctor finds an adapter, and the kernels right on it', async () => {
    const [report] = await lines(['doctor', '--json']);
    expect(report).toMatchObject({ problems: [], node: process.versions.node });
    const { kernels } = (report as { check: { kernels: { kernel: string; passed: boolean }[] } }).check;
    expect(kernels.length).toBeGreaterThanOrEqual(3);
    expect(kernels.filter(({ passed }) => !passed)).toEqual([]);
  });

  it('doctor says what to install when there is no adapter', async () => {
    const before = process.env['REPTRACE_ADAPTER'];
    process.env['REPTRACE_ADAPTER'] = 'no such adapter';
    try {
      const { code, stdout } = await reptrace(['doctor']);
      expect(code).toBe(1);
      expect(stdout).toContain('no such adapter');
      expect(stdout).toContain('REPTRACE_ADAPTER');
    } finally {
      if (before === undefined) delete process.env['REPTRACE_ADAPTER'];
      else process.env['REPTRACE_ADAPTER'] = before;
    }
  });

  it('generates the same at temperature 0, by seed above it, and other text by another seed', async () => {
    const model = sharedPath('models/stories260K/hf');
    const ask = async (...more: string[]): Promise<unknown> => {
      const args = [
        'generate',
        '--model',
        model,
        '--prompt',
        'Tell me a story.',
        '--max-tokens',
        '24',
        '--json',
      ];
      return (await lines([...args, ...more]))[0]?.['output'];
    };
    expect(await ask()).toBe(await ask('--seed', '9'));
    const warm = await ask('--temperature', '1', '--seed', '1');
    expect(await ask('--temperature', '1', '--seed', '1')).toBe(warm);
    expect(await ask('--temperature', '1', '--seed', '2')).not.toBe(warm);
  });
});
