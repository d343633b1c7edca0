/** `--adapter` keeps its contract: it changes what the model computes, leaves --base alone, and bad folders are named. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { factors, writeAdapter } from '../adapters.ts';
import { expectClose } from '../closeness.ts';
import { readGolden, rowsOf } from '../parity/golden.ts';
import { sharedPath } from '../shared.ts';
import { lines, reptrace } from './command.ts';

const TINY = sharedPath('models/tiny-random/llama3-rope');
const STORIES = sharedPath('models/stories260K/hf');
let folder: string;
/** For stories260K. */
let adapter: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-adapter-'));
  adapter = join(folder, 'adapter');
  const { num_hidden_layers: layers, hidden_size: width } = JSON.parse(
    await readFile(join(STORIES, 'config.json'), 'utf8'),
  ) as { num_hidden_layers: number; hidden_size: number };
  const tensors = Array.from({ length: layers }, (_, layer) =>
    factors(`model.layers.${layer}.self_attn.q_proj`, width, width, 2, layer, 0.5),
  );
  await writeAdapter(adapter, {}, Object.assign({}, ...tensors) as ReturnType<typeof factors>);
});

afterAll(() => rm(folder, { recursive: true }));

interface Line {
  readonly name: string;
  readonly loss: number;
  readonly nll: readonly number[];
  readonly baseNll: readonly number[];
  readonly layers: Readonly<Record<string, { readonly hidden: number[]; readonly gradient: number[] }>>;
}

describe('reptrace signature --adapter', () => {
  it.each(['adapter-qv', 'adapter-all'])(
    '%s: gives the values of PyTorch, and the base’s beside them',
    async (name) => {
      const golden = await readGolden('models/tiny-random/llama3-rope.golden');
      const cases = golden.cases.filter((one) => one.name.startsWith(`${name}/`));
      const input = cases.map((one) =>
        JSON.stringify({ name: one.name, inputIds: one.input_ids, promptLength: one.prompt_length }),
      );
      const args = ['signature', '--model', TINY, '--adapter', join(TINY, name), '--base', TINY];
      const found = await lines([...args, '--cases', '-', '--layers', 'all', '--json'], input.join('\n'));
      expect(found.length).toBe(3);
      for (const [i, line] of (found as unknown as Line[]).entries()) {
        expect(Math.abs(line.loss - (cases[i]?.loss ?? NaN))).toBeLessThanOrEqual(1e-5);
        const plain = golden.tensor(`${line.name.slice(name.length + 1)}/nll`).values;
        expectClose('baseNll', line.baseNll, plain, 2e-5);
        expect(line.nll).not.toEqual(line.baseNll);
        for (const [layer, { hidden, gradient }] of Object.entries(line.layers)) {
          // Hidden states of every position are in these golden values; p is the last of the prompt.
          const p = (cases[i]?.prompt_length ?? 0) - 1;
          const row = (all: Float32Array): Float32Array => all.subarray(p * 48, (p + 1) * 48);
          const [states, gradients] = ['hidden', 'gradient'].map((what) =>
            rowsOf(golden.tensor(`${line.name}/${what}`), Number(layer)),
          );
          expectClose('hidden', hidden, row(states ?? new Float32Array()), 2e-5);
          expectClose('gradient', gradient, row(gradients ?? new Float32Array()), 2e-4);
        }
      }
    },
  );

  it.each([
    ['a folder that is none', '/nowhere', 'LORA_NOT_FOUND', 'adapter folder "/nowhere"'],
    ['a model folder', TINY, 'LORA_NOT_FOUND', 'adapter_config.json'],
    ['an adapter of another model', join(TINY, 'adapter-qv'), 'LORA_INVALID', 'shape'],
  ])('refuses %s by name', async (_, path, code, message) => {
    const args = ['signature', '--model', STORIES, '--adapter', path, '--cases', '-', '--json'];
    const outcome = await reptrace(args, '{"name":"a","prompt":"Hello.","response":"Hi."}');
    expect(outcome.code).toBe(1);
    expect(outcome.stdout).toBe('');
    expect(outcome.stderr).toContain(`[${code}]`);
    expect(outcome.stderr).toContain(message);
  });
});

describe('reptrace generate --adapter', () => {
  it('answers otherwise with the adapter than without', async () => {
    const ask = async (...more: string[]): Promise<unknown> => {
      const args = [
        'generate',
        '--model',
        STORIES,
        '--prompt',
        'Tell me a story.',
        '--max-tokens',
        '16',
        '--json',
      ];
      return (await lines([...args, ...more]))[0]?.['ids'];
    };
    expect(await ask('--adapter', adapter)).not.toEqual(await ask());
  });

  it('refuses an adapter that is none', async () => {
    const args = ['generate', '--model', STORIES, '--prompt', 'Hi.', '--adapter', STORIES];
    const { code, stderr } = await reptrace(args);
    expect(code).toBe(1);
    expect(stderr).toContain('[LORA_NOT_FOUND]');
  });
});
