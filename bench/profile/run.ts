/**
 * `npm run bench -- profile [--model name] [--layer l]`: which kernels a signature run spends its time in. Every dispatch
 * is timed alone, so times do not overlap and a few microseconds mean nothing; the whole run is timed beside them. The
 * fastest of the runs counts: what else the machine does only adds.
 */
import { signaturesOfBatch } from '../../services/compute/engine/attribution/signature.ts';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { benchBatch } from '../engine/batch.ts';
import { findModels, type ModelSource } from '../engine/models.ts';
import { machineLine } from '../engine/report.ts';
import { describeMachine } from '../measure/machine.ts';
import { say } from '../measure/say.ts';
import { percent, short, table } from '../measure/table.ts';
import { CapturedLlama, type Dispatch } from './capture.ts';
import { replay } from './replay.ts';
import { totalsBy, type Total } from './totals.ts';

export interface ProfileOptions {
  readonly rounds: number;
  readonly tokens: number;
  /** One model's name; all where undefined. */
  readonly model: string | undefined;
  /** Layer of the signatures: the backward goes down to it. */
  readonly layer: number;
}

const SHOWN_DISPATCHES = 12;
/** Parameters from here on are the bits of floats. */
const LARGEST_SIZE = 1 << 24;

export async function profileEngine(options: ProfileOptions): Promise<void> {
  const gpu = await Gpu.open();
  try {
    const { models, absent } = await findModels();
    const chosen = models.filter(({ name }) => options.model === undefined || name === options.model);
    say(machineLine(describeMachine(gpu.report)));
    for (const sentence of absent) say(sentence);
    if (chosen.length === 0) {
      throw new Error(
        `there is no model "${options.model ?? ''}" here: there are ${models.map(({ name }) => name).join(', ')}`,
      );
    }
    for (const source of chosen) await profile(gpu, source, options);
  } finally {
    gpu.close();
  }
}

async function profile(
  gpu: Gpu,
  source: ModelSource,
  { rounds, tokens, layer }: ProfileOptions,
): Promise<void> {
  const loaded = await source.load(gpu);
  const model = new CapturedLlama(loaded);
  try {
    const samples = benchBatch(tokens, model.config.vocabSize);
    const { dispatches } = model.recorder;
    const whole: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      dispatches.length = 0;
      const begun = performance.now();
      await signaturesOfBatch(model, samples, { layers: [layer] });
      // The first one compiles.
      if (round > 0) whole.push((performance.now() - begun) / 1000);
    }
    const { dispatches: timed, overhead } = await replay(gpu, dispatches, rounds);
    const alone = timed.reduce((sum, { seconds }) => sum + seconds, 0);
    say(
      `\n${source.name}, ${tokens} tokens, layer ${layer}: ${short(Math.min(...whole) * 1000)} ms as a whole; ` +
        `${timed.length} dispatches alone ${short(alone * 1000)} ms (${short(overhead * 1e6)} us of waiting taken off each)\n`,
    );
    say(totalsTable('shader', totalsBy(timed, shaderOf)));
    say('');
    say(
      totalsTable(
        'dispatch: shader, variant, parameters',
        totalsBy(timed, nameOf).slice(0, SHOWN_DISPATCHES),
      ),
    );
  } finally {
    model.close();
    loaded.close();
  }
}

function shaderOf({ spec }: Dispatch): string {
  return spec.shader;
}

/** The dispatches that do the same work have the same name. */
function nameOf({ spec, params }: Dispatch): string {
  const variant = Object.entries(spec.constants ?? {})
    .filter(([, value]) => value !== false)
    .map(([name, value]) => (value === true ? name : `${name} ${value}`));
  const sizes = params.filter((word) => word < LARGEST_SIZE);
  return [spec.shader, spec.weights ?? '', ...variant, `(${sizes.join(' ')})`]
    .filter((part) => part !== '')
    .join(' ');
}

function totalsTable(title: string, totals: readonly Total[]): string {
  return table(
    [title, 'times', 'ms', 'share', 'GFLOP/s'],
    totals.map(({ key, count, seconds, share, work }) => [
      key,
      count,
      short(seconds * 1000),
      percent(share),
      seconds === 0 ? '' : short(work / seconds / 1e9),
    ]),
  );
}
