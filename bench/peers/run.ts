/**
 * `npm run bench -- peers`: the same stack of Llama blocks by our engine, by jax-js and by TensorFlow.js, in one process on the
 * same adapter through the same Dawn, each on a device of its own, in turns. Results are held against each other before anything is
 * timed. Prints a table and keeps all timings in bench/results.
 */
import { loadavg } from 'node:os';
import { Gpu } from '../../services/compute/engine/device/gpu.ts';
import { openJax } from '../engine/jax-products.ts';
import { machineLine } from '../engine/report.ts';
import { tune } from '../engine/tuned.ts';
import { interleaveTimings, type Contender, type Timings } from '../measure/interleave.ts';
import { adapterSlug, describeMachine, releaseOf } from '../measure/machine.ts';
import { writeResults } from '../measure/results.ts';
import { summarize, type Summary } from '../measure/statistics.ts';
import { percent, short, table } from '../measure/table.ts';
import { differences, type Differences } from './agreement.ts';
import { JaxStack } from './jax.ts';
import { OurStack } from './ours.ts';
import { stackWork, type Stack, type StackCase, type StackWork } from './stack.ts';
import { openTfjs, TfjsStack } from './tfjs.ts';

export const PEERS = ['jax-js', 'jax-js-one-jit', 'tfjs-webgpu'] as const;
export type Peer = (typeof PEERS)[number];

export interface PeersOptions {
  readonly rounds: number;
  /** All sequences together; a multiple of `length`. */
  readonly tokens: number;
  /** Of one sequence. */
  readonly length: number;
  /** Default all. */
  readonly only: Peer | undefined;
}

export interface SideSpeed {
  readonly side: string;
  readonly seconds: Summary;
  readonly processorSeconds: Summary;
  readonly tokensPerSecond: number;
  /** The side's seconds over ours, round by round: above 1, ours is faster. */
  readonly ratio: Summary;
  /** The same by the processor's time, which other processes hardly change; says something of software adapters only. */
  readonly processorRatio: Summary;
  /** From our result; undefined of ours. */
  readonly differences: Differences | undefined;
}

const OPEN: Readonly<Record<Peer, (work: StackWork) => Promise<Stack>>> = {
  'jax-js': async (work) => {
    await openJax();
    return new JaxStack(work, 'parts');
  },
  'jax-js-one-jit': async (work) => {
    await openJax();
    return new JaxStack(work, 'whole');
  },
  'tfjs-webgpu': async (work) => {
    await openTfjs();
    return new TfjsStack(work);
  },
};

/** Of the form of the results file. */
const VERSION = 1;
const SAMPLE_SECONDS = 0.1;

export async function benchPeers({ rounds, tokens, length, only }: PeersOptions): Promise<void> {
  if (tokens % length !== 0) {
    throw new Error(`${tokens} tokens are no whole number of sequences of ${length}: give another --length`);
  }
  const work = { sequences: tokens / length, length };
  const gpu = await Gpu.open();
  try {
    const machine = describeMachine(gpu.report);
    say(machineLine(machine));
    const speeds = await measure(gpu, work, only === undefined ? PEERS : [only], rounds);
    say(`\n${work.sequences} sequences of ${length} tokens through two blocks, forward and back\n`);
    say(speedTable(speeds, gpu.report.software));
    const path = await writeResults(`peers-${adapterSlug(gpu.report)}`, {
      benchmark: 'peers',
      version: VERSION,
      machine: { ...machine, loadAfter: loadavg()[0] },
      peers: {
        'jax-js': releaseOf('node_modules/@jax-js/jax/package.json'),
        'tfjs-webgpu': releaseOf('node_modules/@tensorflow/tfjs-backend-webgpu/package.json'),
      },
      settings: { rounds, ...work },
      speeds,
    });
    say(`\nAll timings: ${path}`);
  } finally {
    gpu.close();
  }
}

async function measure(
  gpu: Gpu,
  shape: StackCase,
  peers: readonly Peer[],
  rounds: number,
): Promise<SideSpeed[]> {
  const work = await stackWork(shape);
  const stacks: Stack[] = [];
  try {
    await tune(gpu, work.config);
    const ours = await OurStack.open(gpu, work);
    stacks.push(ours);
    const own = await ours.run();
    const found: (Differences | undefined)[] = [undefined];
    for (const peer of peers) {
      progress(`${peer} compiles, and its result is held against ours`);
      const stack = await OPEN[peer](work);
      stacks.push(stack);
      found.push(differences(peer, own, await stack.run()));
    }
    progress(`${rounds} rounds`);
    const timings = await interleaveTimings(stacks.map(repeated), { rounds, sampleSeconds: SAMPLE_SECONDS });
    const tokens = shape.sequences * shape.length;
    return ['ours', ...peers].map((side, i) => ({
      side,
      ...speed(timings[i], timings[0], tokens),
      differences: found[i],
    }));
  } finally {
    for (const stack of stacks) stack.close();
  }
}

function repeated(stack: Stack): Contender {
  return {
    run: async (repeats) => {
      for (let i = 0; i < repeats; i++) await stack.run();
    },
  };
}

function speed(
  { seconds, processorSeconds }: Timings,
  ours: Timings,
  tokens: number,
): Omit<SideSpeed, 'side' | 'differences'> {
  const wall = summarize(seconds);
  return {
    seconds: wall,
    processorSeconds: summarize(processorSeconds),
    tokensPerSecond: tokens / wall.median,
    ratio: summarize(seconds.map((taken, round) => taken / ours.seconds[round])),
    processorRatio: summarize(processorSeconds.map((taken, round) => taken / ours.processorSeconds[round])),
  };
}

function speedTable(speeds: readonly SideSpeed[], software: boolean): string {
  const byProcessor = (speed: SideSpeed): (string | number)[] => [
    short(speed.processorSeconds.median),
    percent(speed.processorSeconds.spread),
    short(speed.processorRatio.median),
  ];
  return table(
    [
      ...['side', 'seconds', 'spread', 'tokens/s', 'over ours'],
      ...(software ? ["processor's seconds", 'spread', 'over ours'] : []),
      ...['loss differs', 'gradient differs'],
    ],
    speeds.map((speed) => [
      speed.side,
      short(speed.seconds.median),
      percent(speed.seconds.spread),
      short(speed.tokensPerSecond),
      short(speed.ratio.median),
      ...(software ? byProcessor(speed) : []),
      speed.differences?.loss.toExponential(0) ?? '',
      speed.differences?.gradient.toExponential(0) ?? '',
    ]),
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function progress(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}
