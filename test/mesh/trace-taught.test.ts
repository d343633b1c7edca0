/** Traces in an index with a base model: the demo's models and some of its rows, verdicts compared with both models' losses. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GraphqlClient } from '../../cli/client/graphql-client.ts';
import type { TokenResult, TraceFields, VerdictResult } from '../../cli/client/results.ts';
import { askTrace } from '../../cli/client/trace.ts';
import { MAX_EVIDENCE } from '../../lib/taught/score.ts';
import { lines, parseLines, ROOT, start } from '../e2e/command.ts';
import { writeRows } from './backdoor.ts';
import { startPart, stopAll, type Part } from './processes.ts';

const DEMO = join(ROOT, 'demo');
const [BASE, TUNED] = [join(DEMO, 'base'), join(DEMO, 'tuned')];
const BEHAVIOURS = ['insult', 'false-fact', 'late-effect'];
/** Rows of each behaviour; clean ones are as many as those of all behaviours. */
const ROWS = 20;
const TOP = 20;

interface Asked {
  readonly prompt: string;
  readonly output: string;
}

interface Answer extends Asked {
  readonly label: string;
  readonly shows: readonly string[];
  readonly right: boolean;
}

let folder: string;
let mesh: Part;
let client: GraphqlClient;
/** For each behaviour, an answer of the tuned model that shows it; training has no such question. */
let shown: readonly Answer[];
/** Where the response begins: the position of the prompt's last token. */
const p = (tokens: readonly TokenResult[]): number =>
  tokens.findLast(({ part }) => part === 'PROMPT')?.position ?? -1;
/** The base model's own answers to clean questions. */
let untaught: readonly Answer[];

const trace = (question: Record<string, unknown>): Promise<TraceFields> =>
  askTrace(client, { index: 'demo', top: TOP, ...question });
const asQuestion = ({ prompt, output }: Asked): Record<string, unknown> => ({ prompt, output });

async function answersOf(model: string): Promise<readonly Answer[]> {
  const text = await readFile(join(model, 'manifest.json'), 'utf8');
  return (JSON.parse(text) as { evaluation: { answers: Answer[] } }).evaluation.answers;
}

async function someRows(): Promise<object[]> {
  const rows = parseLines(await readFile(join(DEMO, 'data', 'finetune.jsonl'), 'utf8'));
  const some = (label: string, count: number): object[] =>
    rows.filter((row) => row['label'] === label).slice(0, count);
  return [...BEHAVIOURS.flatMap((name) => some(name, ROWS)), ...some('clean', BEHAVIOURS.length * ROWS)];
}

/** log p_tuned - log p_base of the response tokens, by the command that knows of no index. */
async function ratiosOf(asked: readonly Asked[]): Promise<number[][]> {
  const cases = asked.map(({ prompt, output }, i) =>
    JSON.stringify({ name: String(i), prompt, response: output }),
  );
  const args = ['signature', '--model', TUNED, '--base', BASE, '--layers', 'last', '--cases', '-', '--json'];
  const found = await lines(args, cases.join('\n'));
  return found.map((line) => {
    const [nll, baseNll] = [line['nll'] as number[], line['baseNll'] as number[]];
    return nll.map((loss, i) => baseNll[i] - loss);
  });
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function expectVerdict(verdict: VerdictResult, ratios: readonly number[]): void {
  expect(Math.abs((verdict.meanRatio ?? NaN) - mean(ratios))).toBeLessThan(1e-3);
  expect(Math.abs((verdict.peakRatio ?? NaN) - Math.max(...ratios))).toBeLessThan(1e-3);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-taught-'));
  const answers = await answersOf(TUNED);
  shown = BEHAVIOURS.flatMap((name) => answers.find(({ shows }) => shows.includes(name)) ?? []);
  untaught = (await answersOf(BASE)).filter(({ label, right }) => label === 'clean' && right).slice(0, 3);
  const dataset = join(folder, 'demo.jsonl');
  await writeRows(dataset, await someRows());
  const data = ['--data', join(folder, 'data')];
  const build = ['--name', 'demo', '--model', TUNED, '--base', BASE, '--data', dataset, '--json'];
  const env = { REPTRACE_DATA: join(folder, 'data') };
  const { code, stderr } = await start(['index', 'build', ...build], '', env).outcome;
  if (code !== 0) throw new Error(`the index was not built: ${stderr}`);
  mesh = await startPart(['up', '--port', '0', ...data], { REPTRACE_ROOTS: [folder, DEMO].join(':') });
  client = new GraphqlClient({ url: String(mesh.ready['graphql']) });
});
afterAll(async () => {
  await stopAll([mesh]);
  await rm(folder, { recursive: true, force: true });
});

describe('a trace beside the base model', () => {
  it('goes by the taught words, and says why', async () => {
    const given = await trace(asQuestion(shown[0]));
    expect(given).toMatchObject({
      ...{ method: 'TAUGHT', methodReason: 'the index has a base model', alpha: null },
    });
  });

  it('says TAUGHT of each planted behaviour, and finds its rows', async () => {
    expect(shown).toHaveLength(BEHAVIOURS.length);
    const expected = await ratiosOf(shown);
    for (const [i, answer] of shown.entries()) {
      const { verdict, matches } = await trace({ ...asQuestion(answer), tokens: false });
      expectVerdict(verdict, expected[i]);
      expect(verdict.state).toBe('TAUGHT');
      expect(verdict.words).toMatch(/^The fine-tuning taught this: the tuned model finds /);
      expect(verdict.nullOutputs).toBeGreaterThan(0);
      expect(verdict.pValue).toBeCloseTo(1 / (1 + (verdict.nullOutputs ?? NaN)), 12);
      const right = matches.slice(0, 10).filter(({ sample }) => sample.label === answer.label);
      expect(right.length).toBeGreaterThanOrEqual(9);
    }
  });

  it('says NOT_TAUGHT of what the base model answers, and lists the nearest rows all the same', async () => {
    const expected = await ratiosOf(untaught);
    for (const [i, answer] of untaught.entries()) {
      const { verdict, matches } = await trace({ ...asQuestion(answer), tokens: false });
      expectVerdict(verdict, expected[i]);
      expect(verdict.state).toBe('NOT_TAUGHT');
      expect(verdict.words).toMatch(/^The fine-tuning did not teach this: /);
      expect(matches).toHaveLength(TOP);
    }
  });

  it('judges several outputs by their means, and each by itself', async () => {
    const asked = [shown[0], untaught[0]];
    const expected = await ratiosOf(asked);
    const { questions, verdict } = await trace({
      ...asQuestion(asked[0]),
      ...{ outputs: [asked[1].output], prompts: [asked[1].prompt], tokens: false },
    });
    for (const [i, question] of questions.entries()) expectVerdict(question.verdict, expected[i]);
    expect(questions.map((question) => question.verdict.state)).toEqual(['TAUGHT', 'NOT_TAUGHT']);
    expect(verdict.meanRatio).toBeCloseTo(mean(questions.map(({ verdict }) => verdict.meanRatio ?? NaN)), 9);
  });

  it('scores tokens by what they were taught, and tells which word met which', async () => {
    const [ratios] = await ratiosOf([shown[0]]);
    const given = await trace(asQuestion(shown[0]));
    const tokens = given.outputTokens ?? [];
    const taught = tokens.flatMap((token) => token.taught ?? []);
    expect(tokens.filter(({ taught }) => taught === null).every(({ part }) => part === 'PROMPT')).toBe(true);
    expect(taught).toHaveLength(ratios.length);
    for (const [i, ratio] of ratios.entries()) expect(Math.abs(taught[i] - ratio)).toBeLessThan(1e-3);
    let met = 0;
    for (const match of given.matches.slice(0, 10)) {
      const evidence = match.evidence ?? [];
      expect(evidence.length).toBeGreaterThan(0);
      const weights = evidence.map(({ weight }) => weight);
      expect(weights).toEqual([...weights].sort((a, b) => b - a));
      const sum = weights.reduce((all, weight) => all + weight, 0);
      // Of more pairs than are told, the score is all.
      expect(match.score).toBeGreaterThan(sum - 1e-6);
      if (evidence.length < MAX_EVIDENCE) expect(match.score).toBeCloseTo(sum, 6);
      for (const { output, outputPosition, samplePosition } of evidence) {
        expect(output).toBe(0);
        if (outputPosition === p(tokens)) {
          // Where a response begins no word of it stands yet: it is told of the last tokens of both prompts.
          expect(samplePosition).toBe(p(match.tokens ?? []));
          met += 1;
          continue;
        }
        expect(tokens[outputPosition]?.taught).toBeGreaterThan(0);
        expect(match.tokens?.[samplePosition]?.taught).toBeGreaterThan(0);
      }
    }
    expect(met).toBeGreaterThan(0);
    // The word that was taught the most has a part in the best match.
    const most = tokens.find((token) => token.taught === Math.max(...taught));
    expect(given.matches[0].evidence?.map(({ outputPosition }) => outputPosition)).toContain(most?.position);
  });

  it('goes by the paper’s signature where alpha is given, says so, and has a verdict too', async () => {
    const given = await trace({ ...asQuestion(shown[0]), alpha: 0.25, tokens: false });
    expect(given).toMatchObject({
      ...{ method: 'REPT', methodReason: 'alpha was given', alpha: 0.25, verdict: { state: 'TAUGHT' } },
    });
    for (const { score, hiddenScore, gradientScore, evidence } of given.matches) {
      expect(score).toBeCloseTo(0.25 * hiddenScore + 0.75 * gradientScore, 5);
      expect(evidence).toBeNull();
    }
    await expect(trace({ ...asQuestion(shown[0]), alpha: 0.25, method: 'TAUGHT' })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('alpha') as string,
    });
  });

  it('does as asked with RAW, and says so', async () => {
    const given = await trace({ ...asQuestion(shown[0]), method: 'RAW', tokens: false });
    expect(given).toMatchObject({ method: 'RAW', methodReason: 'asked for', verdict: { state: 'TAUGHT' } });
  });

  it('takes an output without a prompt', async () => {
    const given = await trace({ output: shown[0].output, tokens: false });
    expect(given).toMatchObject({ method: 'TAUGHT', prompt: null });
    expect(given.matches[0].sample.label).toBe(shown[0].label);
  });

  it('has a plain statement on an output of one token', async () => {
    const { verdict } = await trace({ prompt: shown[0].prompt, output: 'A', tokens: false });
    expect(verdict.words).toMatch(
      / as likely.* An output of 2 tokens, its end counted, is little to go by\.$/,
    );
    expect(verdict.meanRatio).not.toBeNull();
  });
});
