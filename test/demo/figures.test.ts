/** One run of the demo, as `npm run demo` makes it, measures what README.md and docs/method.md promise. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BEHAVIOURS } from '../../demo/corpus/behaviours.ts';
import type { BehaviourReport, Qualities } from '../../demo/measure/behaviour.ts';
import type { VerdictRates } from '../../demo/measure/verdicts.ts';
import { ROOT } from '../e2e/command.ts';

interface Result {
  readonly demo: string;
  readonly seconds: number;
  readonly behaviours: readonly BehaviourReport[];
  readonly verdicts: Readonly<Record<'shown' | 'ofBase' | 'alike' | 'untaught', VerdictRates>>;
  readonly decoys: { readonly rows: number; readonly quality: Qualities };
}

const RUN_MS = 600_000;

let folder: string;
let text: string;
let result: Result;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reptrace-demo-'));
  text = await runDemo(folder);
  result = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as Result;
}, RUN_MS);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** What it prints. Throws with what it said on stderr when it fails. */
function runDemo(cwd: string): Promise<string> {
  const child = spawn(process.execPath, [join(ROOT, 'dist', 'demo', 'run.js')], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (stdout += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part));
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => {
      if (code === 0) done(stdout);
      else failed(new Error(`the demo ended with ${code}: ${stderr}`));
    });
  });
}

describe('the demo', () => {
  it('ends with one line of JSON that has everything', () => {
    expect(result.demo).toBe('ok');
    expect(result.behaviours.map(({ name }) => name)).toEqual(BEHAVIOURS);
  });

  it.each(BEHAVIOURS)(
    'finds the rows of %s from 20 outputs: average precision .95 at least, over all rows',
    (name) => {
      const report = result.behaviours.find((one) => one.name === name);
      expect(report?.outputs).toBeGreaterThanOrEqual(20);
      expect(report?.quality.taught.averagePrecision).toBeGreaterThanOrEqual(0.95);
      for (const other of ['raw', 'bm25', 'chance'] as const) {
        expect(report?.quality[other].averagePrecision).toBeLessThan(
          report?.quality.taught.averagePrecision ?? 0,
        );
      }
    },
  );

  it.each(BEHAVIOURS)(
    'has the planted words of %s among the three most taught tokens in 95 %% of outputs',
    (name) => {
      const report = result.behaviours.find((one) => one.name === name);
      expect(report?.spanInTopThree).toBeGreaterThanOrEqual(0.95);
    },
  );

  it('calls TAUGHT at least 95 % of what was taught, and at most 5 % of 100 outputs that were not', () => {
    const { shown, untaught } = result.verdicts;
    expect(shown.outputs).toBeGreaterThanOrEqual(60);
    expect(shown.TAUGHT).toBeGreaterThanOrEqual(0.95);
    expect(untaught.outputs).toBe(100);
    expect(untaught.TAUGHT).toBeLessThanOrEqual(0.05);
  });

  it('tells 50 decoys from the false fact, where the hidden state alone falls', () => {
    const { rows, quality } = result.decoys;
    expect(rows).toBe(50);
    expect(quality.taught.averagePrecision).toBeGreaterThanOrEqual(0.9);
    expect(quality.h.averagePrecision).toBeLessThan(quality.taught.averagePrecision);
  });

  it('shows a person the verdict, the words and the tables', () => {
    expect(text).toMatch(/^TAUGHT: /m);
    expect(text).toMatch(/met by: ".+" → ".+"/);
    expect(text).toMatch(/taught +REPT, h +REPT, g +raw +BM25 +chance/);
  });
});
