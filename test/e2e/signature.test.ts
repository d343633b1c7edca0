/** `reptrace signature` keeps its contract: fields, order, values of PyTorch, and failures that name the case. */
import { describe, expect, it } from 'vitest';
import { expectClose } from '../closeness.ts';
import { readGolden, rowsOf } from '../parity/golden.ts';
import { sharedPath } from '../shared.ts';
import { lines, parseLines, reptrace } from './command.ts';

const model = sharedPath('models/stories260K/hf');

interface Line {
  readonly name: string;
  readonly inputIds: readonly number[];
  readonly promptLength: number;
  readonly loss: number;
  readonly nll: readonly number[];
  readonly baseNll?: readonly number[];
  readonly layers: Readonly<
    Record<string, { readonly hidden: readonly number[]; readonly gradient: readonly number[] }>
  >;
  readonly adjacentCosine: readonly number[];
  readonly tokenGradients?: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly hiddenAll?: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly logits?: readonly (readonly number[])[];
  readonly score?: Readonly<Record<string, number>>;
  readonly tokenScores?: Readonly<Record<string, readonly number[]>>;
}

async function signature(args: readonly string[], cases: readonly object[]): Promise<Line[]> {
  const input = cases.map((one) => JSON.stringify(one)).join('\n');
  return (await lines(
    ['signature', '--model', model, '--cases', '-', '--json', ...args],
    input,
  )) as unknown as Line[];
}

describe('reptrace signature', () => {
  it('renders prompts, keeps the order and gives the values of PyTorch', async () => {
    const golden = await readGolden('golden/stories260K');
    const cases = golden.cases.map(({ name, prompt, response }) => ({ name, prompt, response }));
    const query = golden.token_scores?.query ?? '';
    const all = [
      '--layers',
      'all',
      '--token-gradients',
      '--all-positions',
      '--logits',
      '--query',
      query,
      '--base',
      model,
    ];
    const found = await signature(all, cases);
    expect(found.map(({ name }) => name)).toEqual(cases.map(({ name }) => name));
    for (const [i, line] of found.entries()) {
      const entry = golden.cases[i];
      expect(line.inputIds).toEqual(entry?.input_ids);
      expect(line.promptLength).toBe(entry?.prompt_length);
      expect(Math.abs(line.loss - (entry?.loss ?? NaN))).toBeLessThanOrEqual(1e-5);
      expectClose('nll', line.nll, golden.tensor(`${line.name}/nll`).values, 2e-5);
      expectClose('baseNll of the model itself', line.baseNll ?? [], line.nll, 1e-6);
      expectClose('logits', (line.logits ?? []).flat(), golden.tensor(`${line.name}/logits`).values, 2e-5);
      expect(Object.keys(line.layers)).toEqual(['0', '1', '2', '3', '4', '5']);
      for (const [layer, { hidden, gradient }] of Object.entries(line.layers)) {
        const at = Number(layer);
        expectClose('hidden', hidden, rowsOf(golden.tensor(`${line.name}/hidden`), at), 2e-5);
        expectClose('gradient', gradient, rowsOf(golden.tensor(`${line.name}/gradient`), at), 2e-4);
        expectClose(
          'hiddenAll',
          (line.hiddenAll?.[layer] ?? []).flat(),
          rowsOf(golden.tensor(`${line.name}/hidden_all`), at),
          2e-5,
        );
        const tokens = golden.tensor(`${line.name}/token_gradients/${layer}`).values;
        expectClose('tokenGradients', (line.tokenGradients?.[layer] ?? []).flat(), tokens, 2e-4);
      }
      expect(line.adjacentCosine.length).toBe(5);
      expect(line.score === undefined).toBe(line.name === query);
    }
    const scored = found.find(({ name }) => name === golden.token_scores?.sample);
    for (const [layer, scores] of Object.entries(golden.token_scores?.by_layer ?? {})) {
      expectClose('tokenScores', scored?.tokenScores?.[layer] ?? [], scores, 1e-3);
    }
  });

  it('gives the same one by one', async () => {
    const cases = ['one', 'two', 'three'].map((name, i) => ({
      name,
      prompt: `Tell me of ${name}.`,
      response: 'No. '.repeat(i + 1),
    }));
    const packed = await signature(['--layers', 'all'], cases);
    const alone = await signature(['--layers', 'all', '--one-by-one'], cases);
    for (const [i, line] of packed.entries()) {
      for (const [layer, { hidden, gradient }] of Object.entries(line.layers)) {
        expectClose('hidden', alone[i]?.layers[layer]?.hidden ?? [], hidden, 1e-5);
        expectClose('gradient', alone[i]?.layers[layer]?.gradient ?? [], gradient, 1e-5);
      }
    }
  });

  it('takes token ids, and chooses a layer by itself', async () => {
    const [line] = await signature(
      ['--layers', 'auto'],
      [{ name: 'ids', inputIds: [1, 5, 9, 12], promptLength: 2 }],
    );
    expect(line?.nll.length).toBe(2);
    expect(Object.keys(line?.layers ?? {}).length).toBe(1);
  });

  it('gives every bad case a line that names it, the others their signatures, and exit code 1', async () => {
    const cases = [
      '{"name":"good","prompt":"Hello.","response":"Hi."}',
      'not json',
      '{"name":"no response"}',
      '{"name":"outside","inputIds":[1,9999],"promptLength":1}',
      '{"name":"endless","inputIds":[' + '1,'.repeat(600) + '1],"promptLength":1}',
      '{"name":"last","inputIds":[1,2,3],"promptLength":1}',
    ];
    const args = ['signature', '--model', model, '--cases', '-', '--layers', 'last', '--json'];
    const { code, stdout, stderr } = await reptrace(args, cases.join('\n'));
    expect(code).toBe(1);
    expect(stderr).toContain('4 of 6 cases');
    const found = parseLines(stdout);
    expect(found.map(({ name }) => name)).toEqual([
      'good',
      'line 2',
      'no response',
      'outside',
      'endless',
      'last',
    ]);
    const codes = found.map(({ error }) => (error as { code: string } | undefined)?.code);
    expect(codes).toEqual([
      undefined,
      'INPUT_INVALID',
      'INPUT_INVALID',
      'INPUT_INVALID',
      'PROMPT_TOO_LONG',
      undefined,
    ]);
    for (const { name, error } of found) {
      if (error !== undefined) expect((error as { message: string }).message).toContain(name);
    }
  });

  it.each([
    ['a layer that does not exist', ['--layers', '6'], 'LAYER_NOT_FOUND'],
    ['an adapter that is none', ['--adapter', '/tmp'], 'LORA_NOT_FOUND'],
    [
      'a base model with another tokenizer',
      ['--base', sharedPath('models/tiny-random/llama')],
      'TOKENIZER_MISMATCH',
    ],
    ['a query that is no case', ['--query', 'nobody'], 'INPUT_INVALID'],
  ])('refuses %s by name', async (_, more, expected) => {
    const args = ['signature', '--model', model, '--cases', '-', '--json', ...more];
    const { code, stdout, stderr } = await reptrace(args, '{"name":"a","prompt":"Hello.","response":"Hi."}');
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(`[${expected}]`);
  });

  it('refuses a folder that is no model', async () => {
    const { code, stderr } = await reptrace(['signature', '--model', '/nowhere', '--cases', '-'], '{}');
    expect(code).toBe(1);
    expect(stderr).toMatch(/\[MODEL_NOT_FOUND\]/);
  });

  it('takes a GGUF file for a model, and as a base', async () => {
    const gguf = sharedPath('models/stories260K/stories260Ktok512.gguf');
    const cases = [{ name: 'a', inputIds: [1, 403, 407, 261], promptLength: 2 }];
    const [folder] = await signature(['--layers', '3'], cases);
    const input = JSON.stringify(cases[0]);
    const args = ['signature', '--model', gguf, '--base', gguf, '--cases', '-', '--layers', '3', '--json'];
    const [line] = (await lines(args, input)) as unknown as Line[];
    expect(line?.layers).toEqual(folder?.layers);
    expect(line?.baseNll).toEqual(folder?.nll);
  });
});
