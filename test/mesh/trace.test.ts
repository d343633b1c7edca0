/** The main job, embedded in one command each: index real rows with real weights, trace, and compare with brute force. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IndexResult, TraceFields } from '../../cli/client/results.ts';
import { lines, start } from '../e2e/command.ts';
import { sharedPath } from '../shared.ts';
import { backdoorRows, writeRows, type BackdoorRow } from './backdoor.ts';
import { bruteForce, tokenScores, type SignatureLine } from './brute-force.ts';

const MODEL = sharedPath('models/stories260K');
const MAX_TOKENS = 128;
/** Asked for, and what must be right to the last one. */
const TOP = 50;

let folder: string;
let rows: BackdoorRow[];
let index: IndexResult;
let signatures: SignatureLine[];
let query: SignatureLine;

async function reptraceJson<T>(args: readonly string[]): Promise<T> {
  const running = start([...args, '--json'], '', { REPTRACE_DATA: join(folder, 'data') });
  const { code, stdout, stderr } = await running.outcome;
  if (code !== 0) throw new Error(`reptrace ${args.join(' ')} exited with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

const trace = (...args: string[]): Promise<TraceFields> =>
  reptraceJson<TraceFields>(['trace', '--index', 'backdoor', '--top', String(TOP), ...args]);

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

  const asked = rows[150];
  const cases = [...rows, { prompt: asked.prompt, response: asked.response }];
  const layers = index.manifest?.layers?.layers.join(',') ?? '';
  const args = ['signature', '--model', MODEL, '--cases', '-', '--layers', layers, '--token-gradients'];
  const input = cases.map(({ prompt, response }, i) =>
    JSON.stringify({ name: `case ${i}`, prompt, response }),
  );
  const limited = [...args, '--max-tokens', String(MAX_TOKENS), '--json'];
  signatures = (await lines(limited, input.slice(0, -1).join('\n'))) as unknown as SignatureLine[];
  // A traced output is never cut.
  [query] = (await lines([...args, '--json'], input.at(-1))) as unknown as [SignatureLine];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('an index of 200 real rows', () => {
  it('is complete, and says what made it', () => {
    expect(index).toMatchObject({
      state: 'COMPLETED',
      samples: 200,
      progress: { done: 200, total: 200, failed: 0 },
      manifest: { maxTokens: MAX_TOKENS, precision: 'f32', layers: { rule: 'deep' } },
    });
  });

  it('shows the same when it is asked for again', async () => {
    expect(await reptraceJson<IndexResult>(['index', 'show', 'backdoor'])).toEqual(index);
  });
});

describe.each([0, 0.5, 1])('a trace with alpha %d', (alpha) => {
  it('ranks and scores as brute force in float64', async () => {
    const asked = rows[150];
    const given = await trace('--prompt', asked.prompt, '--output', asked.response, '--alpha', String(alpha));
    const expected = bruteForce(query, signatures, given.layers, alpha);
    expect(given.matches).toHaveLength(TOP);
    for (const [i, match] of given.matches.entries()) {
      const own = expected.find(({ row }) => row === match.sample.row);
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

describe('a trace', () => {
  it('scores the tokens of the matches and of the output', async () => {
    const asked = rows[150];
    const given = await trace('--prompt', asked.prompt, '--output', asked.response);
    const layer = given.tokenLayer;
    // The last layer is index layer 5 of 5: token maps are of the layer below it then.
    const byRow = new Map(signatures.map((line, row) => [row, line]));
    const matched = given.matches
      .map(({ sample }) => byRow.get(sample.row))
      .filter((line) => line !== undefined);
    if (!given.layers.includes(layer))
      throw new Error('the signatures have another layer than the token maps');
    for (const [i, match] of given.matches.entries()) {
      const expected = tokenScores(matched[i], [query], layer);
      expect(match.tokens?.map(({ position }) => position)).toEqual(expected.map((_, t) => t));
      expect(match.tokens?.filter(({ part }) => part === 'PROMPT')).toHaveLength(matched[i].promptLength);
      for (const [t, token] of (match.tokens ?? []).entries()) {
        expect(Math.abs(token.score - expected[t])).toBeLessThan(1e-3);
      }
    }
    const own = tokenScores(query, matched, layer);
    expect(given.outputTokens).toHaveLength(own.length);
    for (const [t, token] of (given.outputTokens ?? []).entries()) {
      expect(Math.abs(token.score - own[t])).toBeLessThan(1e-3);
    }
  });

  it('has the same id and answer when the question is asked again', async () => {
    const question = ['--prompt', rows[3].prompt, '--output', rows[3].response];
    const first = await trace(...question);
    expect(await trace(...question)).toEqual(first);
    const other = await trace(...question, '--alpha', '0.4');
    expect(other.id).not.toBe(first.id);
  });

  it('goes by the gradient alone without a prompt', async () => {
    const given = await trace('--output', rows[150].response);
    expect(given).toMatchObject({ alpha: 0, prompt: null });
    for (const { score, gradientScore } of given.matches) expect(score).toBe(gradientScore);
  });

  it('looks only at samples that the filter lets through', async () => {
    const [label] = [rows[150].label];
    const given = await trace('--output', rows[150].response, '--label', label);
    expect(given.matches.length).toBeGreaterThan(0);
    for (const { sample } of given.matches) expect(sample.label).toBe(label);
    const none = await trace('--output', rows[150].response, '--label', 'no such label');
    expect(none.matches).toEqual([]);
  });

  it('averages the scores of several outputs of one incident', async () => {
    const one = rows[150];
    const args = ['--prompt', one.prompt, '--output', one.response];
    const alone = await trace(...args);
    const twice = await trace(...args, '--also-output', one.response);
    expect(twice.matches.map(({ sample }) => sample.row)).toEqual(
      alone.matches.map(({ sample }) => sample.row),
    );
    twice.matches.forEach(({ score }, i) => {
      expect(score).toBeCloseTo(alone.matches[i].score, 5);
    });
  });
});
