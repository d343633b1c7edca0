/**
 * `npm run bench -- streaming`: what it costs to load blocks in turn, beside the same model as a whole: in a half and a quarter
 * of its weights' memory, for groups of several sizes. All in one run, taking turns; results in bench/results.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel } from '../../services/compute/engine/attribution/load-model.ts';
import {
  countMemory,
  weightBytes,
  type MemoryPlan,
} from '../../services/compute/engine/attribution/memory-plan.ts';
import type { Sample } from '../../services/compute/engine/attribution/sample.ts';
import { signaturesOfGroup } from '../../services/compute/engine/attribution/signature.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { Model } from '../../services/compute/engine/model/model.ts';
import type { ModelFolder } from '../../services/compute/engine/model/model-folder.ts';
import { benchBatch } from '../engine/batch.ts';
import { machineLine } from '../engine/report.ts';
import { interleave, type Contender } from '../measure/interleave.ts';
import { adapterSlug, describeMachine } from '../measure/machine.ts';
import { writeResults } from '../measure/results.ts';
import { say } from '../measure/say.ts';
import { summarize, type Summary } from '../measure/statistics.ts';
import { percent, short, table } from '../measure/table.ts';
import { writeBenchModel } from './model.ts';

export interface StreamingBenchOptions {
  readonly rounds: number;
  /** Tokens of a batch. */
  readonly tokens: number;
  /** Layer of the signatures: the backward goes down to it. */
  readonly layer: number;
}

/** Of the form of the results file. */
const VERSION = 1;
/** Shares of the weights that the model may use. */
const SHARES = [1 / 2, 1 / 4] as const;
const GROUPS = [1, 2, 4, 8] as const;

interface Case extends Contender {
  readonly share: number;
  readonly batches: number;
}

interface Outcome {
  /** Of the weights that may be used; 1 for all of them and activations. */
  readonly share: number;
  readonly batches: number;
  /** Of one batch. */
  readonly seconds: Summary;
  /** Over those of the whole model, round by round. */
  readonly ratio: Summary;
}

export async function benchStreaming({ rounds, tokens, layer }: StreamingBenchOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'reptrace-bench-streaming-'));
  const gpu = await Gpu.open();
  const models: Model[] = [];
  try {
    const machine = describeMachine(gpu.report);
    say(machineLine(machine));
    const source = await writeBenchModel(folder);
    const { total } = weightBytes(source);
    const batches = Array.from({ length: Math.max(...GROUPS) }, () =>
      benchBatch(tokens, source.config.vocabSize),
    );
    const whole = await Model.load(gpu, source);
    models.push(whole);
    const cases = [caseOf(whole, 1, batches.slice(0, 1), layer)];
    const plans: Record<string, MemoryPlan['streaming']> = {};
    for (const share of SHARES) {
      const memory = Math.floor(total * share);
      const onStreaming = ({ streaming }: MemoryPlan): void => {
        plans[String(share)] = streaming;
      };
      const model = await loadModel(gpu, source, { memory, onStreaming });
      models.push(model);
      for (const count of GROUPS) {
        const group = batches.slice(0, count);
        if (await fits(source, model, group, layer)) cases.push(caseOf(model, share, group, layer));
        else say(`a group of ${count} does not fit into ${share} of the weights' memory: left out`);
      }
    }
    const samples = await interleave(cases, { rounds, sampleSeconds: 0 });
    const outcomes = outcomesOf(cases, samples);
    say(`\n${Math.round(total / 1e6)} MB of weights, batches of ${tokens} tokens, layer ${layer}\n`);
    say(outcomeTable(outcomes));
    const path = await writeResults(`streaming-${adapterSlug(gpu.report)}`, {
      benchmark: 'streaming',
      version: VERSION,
      machine: { ...machine, loadAfter: loadavg()[0] },
      settings: { rounds, tokens, layer },
      ...{ weights: total, layers: source.config.layers, plans, outcomes },
    });
    say(`\nAll timings: ${path}`);
  } finally {
    for (const model of models) model.close();
    gpu.close();
    await rm(folder, { recursive: true });
  }
}

function caseOf(model: Model, share: number, batches: readonly Sample[][], layer: number): Case {
  return {
    ...{ share, batches: batches.length },
    run: async (repeats) => {
      for (let i = 0; i < repeats; i++) {
        for (const result of (await signaturesOfGroup(model, batches, { layers: [layer] })).flat()) {
          if ('error' in result) throw result.error;
        }
      }
    },
  };
}

async function fits(source: ModelFolder, model: Model, group: Sample[][], layer: number): Promise<boolean> {
  const { budget } = model;
  if (budget === undefined) return true;
  return (
    (await countMemory({ ...budget, config: source.config }, group, { layers: [layer] })) <= budget.bytes
  );
}

function outcomesOf(cases: readonly Case[], samples: readonly number[][]): Outcome[] {
  const [whole = []] = samples;
  return cases.map(({ share, batches }, i) => {
    const each = (samples[i] ?? []).map((seconds) => seconds / batches);
    const ratios = each.map((seconds, round) => seconds / (whole[round] ?? NaN));
    return { share, batches, seconds: summarize(each), ratio: summarize(ratios) };
  });
}

function outcomeTable(outcomes: readonly Outcome[]): string {
  return table(
    ['memory', 'batches', 's/batch', 'spread', 'of the whole model’s', 'spread'],
    outcomes.map(({ share, batches, seconds, ratio }) => [
      share === 1 ? 'whole' : `1/${1 / share}`,
      batches,
      short(seconds.median),
      percent(seconds.spread),
      short(ratio.median),
      percent(ratio.spread),
    ]),
  );
}
