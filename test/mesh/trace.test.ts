/** The main job: index real rows with real weights, trace, and compare every number with brute force in float64. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GraphqlClient } from '../../cli/client/graphql-client.ts';
import type { IndexResult, TraceFields } from '../../cli/client/results.ts';
import { askTrace } from '../../cli/client/trace.ts';
import { lines, start } from '../e2e/command.ts';
import { sharedPath } from '../shared.ts';
import { backdoorRows, writeRows, type BackdoorRow } from './backdoor.ts';
import { bruteForce, rawScores, tokenScores, type SignatureLine } from './brute-force.ts';
import { startPart, stopAll, type Part } from './processes.ts';

const MODEL = sharedPath('models/stories260K/hf');
const MAX_TOKENS = 128;
/** Asked for, and what must be right to the last one. */
const TOP = 50;

let folder: string;
let rows: BackdoorRow[];
let index: IndexResult;
let mesh: Part;
let client: GraphqlClient;
let signatures: SignatureLine[];
/** A poisoned row, longer than MAX_TOKENS: what is traced, and the signature that it must have. */
let asked: { readonly row: number; readonly prompt: string; readonly output: string };

/** One command with a mesh of its own. */
async function reptraceJson<T>(args: readonly string[]): Promise<T> {
  const running = start([...args, '--json'], '', { REPTRACE_DATA: join(folder, 'data') });
  const { code, stdout, stderr } = await running.outcome;
  if (code !== 0) throw new Error(`reptrace ${args.join(' ')} exited with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

const trace = (question: Record<string, unknown>): Promise<TraceFields> =>
  askTrace(client, { index: 'backdoor', top: TOP, ...question });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-trace-'));
  rows = await backdoorRows();
  const dataset = join(folder, 'backdoor.jsonl');
  await writeRows(dataset, rows);
  const build = [
    '--name',
    'backdoor',
    '--model',
    MODEL,
    '--data',
    dataset,
    '--max-tokens',
    String(MAX_TOKENS),
  ];
  index = await reptraceJson<IndexResult>(['index', 'build', ...build]);

  const layers = index.manifest?.layers?.layers.join(',') ?? '';
  const cases = rows.map(({ prompt, response }, i) => JSON.stringify({ name: `row ${i}`, prompt, response }));
  const args = ['--layers', layers, '--token-gradients', '--max-tokens', String(MAX_TOKENS), '--json'];
  const found = await lines(['signature', '--model', MODEL, '--cases', '-', ...args], cases.join('\n'));
  signatures = found as unknown as SignatureLine[];
  const row = rows.findIndex(({ prompt, response }, i) => i >= 100 && `${prompt}${response}`.length < 500);
  asked = { row, prompt: rows[row].prompt, output: rows[row].response };

  const env = { REPTRACE_ROOTS: [folder, MODEL].join(':') };
  mesh = await startPart(['up', '--port', '0', '--data', join(folder, 'data')], env);
  client = new GraphqlClient({ url: String(mesh.ready['graphql']) });
});
afterAll(async () => {
  await stopAll([mesh]);
  await rm(folder, { recursive: true, force: true });
});

describe('an index of 200 real rows', () => {
  it('is complete, and says what made it', () => {
    expect(index).toMatchObject({
      state: 'COMPLETED',
      samples: 200,
      progress: { done: 200, total: 200, failed: 0 },
      manifest: { maxTokens: MAX_TOKENS, precision: 'f32', layers: { rule: 'deep' } },
    });
  });

  it('is the same through a mesh that is running', async () => {
    const args = ['index', 'show', 'backdoor', '--server', String(mesh.ready['graphql'])];
    expect(await reptraceJson<IndexResult>(args)).toEqual(index);
  });
});

describe.each([0, 0.5, 1])('a trace with alpha %d', (alpha) => {
  it('ranks and scores as brute force in float64', async () => {
    const { prompt, output, row } = asked;
    const given = await trace({ prompt, output, alpha, tokens: false });
    const expected = bruteForce(signatures[row], signatures, given.layers, alpha);
    expect(given.matches).toHaveLength(TOP);
    for (const [i, match] of given.matches.entries()) {
      const own = expected.find((one) => one.row === match.sample.row);
      expect(Math.abs(match.score - (own?.score ?? NaN))).toBeLessThan(1e-3);
      expect(Math.abs(match.hiddenScore - (own?.hiddenScore ?? NaN))).toBeLessThan(1e-3);
      expect(Math.abs(match.gradientScore - (own?.gradientScore ?? NaN))).toBeLessThan(1e-3);
      // The order is brute force's, but for what float32 cannot tell apart.
      expect(Math.abs((own?.score ?? NaN) - expected[i].score)).toBeLessThan(1e-5);
      expect(match.rank).toBe(i + 1);
      expect(match.sample).toMatchObject(rows[match.sample.row]);
    }
  });
});

describe('without a base model', () => {
  it('goes by the paper’s signature, says why, and has no verdict but a remedy', async () => {
    const { prompt, output } = asked;
    const given = await trace({ prompt, output });
    expect(given).toMatchObject({
      ...{ method: 'REPT', methodReason: 'the index has no base model', alpha: 0.5 },
      verdict: { state: 'UNKNOWN', meanRatio: null, pValue: null },
    });
    expect(given.verdict.remedy).toContain('reptrace index build --base DIR');
    expect(given.outputTokens?.every(({ taught }) => taught === null)).toBe(true);
    expect(given.matches.every(({ evidence }) => evidence === null)).toBe(true);
  });

  it('refuses the method TAUGHT, naming the index and what to do', async () => {
    const { prompt, output } = asked;
    await expect(trace({ prompt, output, method: 'TAUGHT' })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('backdoor') as string,
      remedy: expect.stringContaining('--base') as string,
    });
  });

  it('ranks and scores by the released formula where RAW is asked for', async () => {
    const { prompt, output, row } = asked;
    const given = await trace({ prompt, output, method: 'RAW', tokens: false });
    expect(given).toMatchObject({ method: 'RAW', methodReason: 'asked for', alpha: null });
    const expected = rawScores(signatures[row], signatures, given.layers);
    const best = [...expected].sort((a, b) => b - a);
    expect(given.matches).toHaveLength(TOP);
    for (const [i, { score, sample }] of given.matches.entries()) {
      expect(Math.abs(score - expected[sample.row])).toBeLessThan(1e-3);
      expect(Math.abs(expected[sample.row] - best[i])).toBeLessThan(1e-5);
    }
    await expect(trace({ output, method: 'RAW' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});

describe('a trace', () => {
  it('of a training row finds that row, cut like it to maxTokens', async () => {
    const { prompt, output, row } = asked;
    const given = await trace({ prompt, output });
    expect(given.matches[0].sample.row).toBe(row);
    expect(given.matches[0].score).toBeCloseTo(1, 5);
    expect(given.outputTokens).toHaveLength(MAX_TOKENS);
  });

  it('scores the tokens of the matches and of the output', async () => {
    const { prompt, output, row } = asked;
    const given = await trace({ prompt, output });
    const layer = given.tokenLayer;
    if (!given.layers.includes(layer))
      throw new Error('the signatures have another layer than the token maps');
    const matched = given.matches.map(({ sample }) => signatures[sample.row]);
    for (const [i, match] of given.matches.entries()) {
      const expected = tokenScores(matched[i], [signatures[row]], layer);
      expect(match.tokens?.map(({ position }) => position)).toEqual(expected.map((_, t) => t));
      expect(match.tokens?.filter(({ part }) => part === 'PROMPT')).toHaveLength(matched[i].promptLength);
      for (const [t, token] of (match.tokens ?? []).entries()) {
        expect(Math.abs(token.score - expected[t])).toBeLessThan(1e-3);
      }
    }
    const own = tokenScores(signatures[row], matched, layer);
    expect(given.outputTokens).toHaveLength(own.length);
    for (const [t, token] of (given.outputTokens ?? []).entries()) {
      expect(Math.abs(token.score - own[t])).toBeLessThan(1e-3);
    }
  });

  it('shows texts whose tokens, joined, are what the model read', async () => {
    const { prompt, output } = asked;
    const given = await trace({ prompt, output });
    const text = given.outputTokens?.map((token) => token.text).join('') ?? '';
    expect(text).toContain(prompt);
    expect(text).toContain(output.slice(0, 40));
  });

  it('has the same id and answer when the question is asked again, also by another process', async () => {
    const { prompt, output } = asked;
    const first = await trace({ prompt, output });
    expect(await trace({ prompt, output })).toEqual(first);
    expect((await trace({ prompt, output, alpha: 0.4 })).id).not.toBe(first.id);
    const args = [
      'trace',
      '--index',
      'backdoor',
      '--prompt',
      prompt,
      '--output',
      output,
      '--top',
      String(TOP),
    ];
    expect(await reptraceJson<TraceFields>([...args, '--server', String(mesh.ready['graphql'])])).toEqual(
      first,
    );
  });

  it('goes by the gradient alone without a prompt', async () => {
    const given = await trace({ output: asked.output });
    expect(given).toMatchObject({ alpha: 0, prompt: null });
    for (const { score, gradientScore } of given.matches) expect(score).toBe(gradientScore);
  });

  it('looks only at samples that the filter lets through', async () => {
    const { label } = rows[asked.row];
    const { prompt, output } = asked;
    const given = await trace({ prompt, output, filter: { label } });
    expect(given.matches.length).toBeGreaterThan(0);
    for (const { sample } of given.matches) expect(sample.label).toBe(label);
    const none = trace({ prompt, output, filter: { label: 'no such label' } });
    await expect(none).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(
        /no sample of the index has the label "no such label"; it has "/,
      ) as string,
    });
    expect((await trace({ prompt, output, filter: { withoutLabels: [], rows: [] } })).matches).toEqual([]);
  });

  it('averages the scores of several outputs of one incident', async () => {
    const { prompt, output } = asked;
    const [other] = rows;
    const [first, second, both] = await Promise.all([
      trace({ prompt, output, top: 200, tokens: false }),
      trace({ prompt: other.prompt, output: 'I see.', top: 200, tokens: false }),
      trace({ prompt, output, outputs: ['I see.'], prompts: [other.prompt], top: 200, tokens: false }),
    ]);
    const scoreIn = ({ matches }: TraceFields, row: number): number =>
      matches.find(({ sample }) => sample.row === row)?.score ?? NaN;
    for (const { sample, score } of both.matches) {
      expect(score).toBeCloseTo((scoreIn(first, sample.row) + scoreIn(second, sample.row)) / 2, 5);
    }
  });
});
