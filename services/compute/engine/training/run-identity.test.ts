import { beforeAll, describe, expect, it } from 'vitest';
import { sharedPath } from '../../../../test/shared.ts';
import { openModel } from '../model/open-model.ts';
import { fromModel } from './initial-weights.ts';
import type { LoraTrainingSettings } from './lora/settings.ts';
import { differences, identityOf, type RunIdentity, type RunParts } from './run-identity.ts';
import { DEFAULT_OPTIMIZER } from './trainer.ts';

const LORA: LoraTrainingSettings = {
  ...{ rank: 4, alpha: 16, dropout: 0, rslora: false, targets: ['q_proj', 'v_proj'] },
};

let parts: RunParts;
let run: RunIdentity;

async function partsOf(path: string, quantized: 'keep' | 'widen'): Promise<RunParts> {
  const model = await openModel(sharedPath(path), { quantized });
  return {
    ...{ config: model.config, initial: fromModel(model), initialIdentity: 'model 0123' },
    data: { sequences: [{ inputIds: [1, 2], promptLength: 1 }], digest: 'made here', truncated: 0 },
    settings: {
      ...{ epochs: 2, batch: 2, learningRate: 0.01, schedule: 'linear', warmupSteps: 0, finalShare: 0 },
      ...{ optimizer: DEFAULT_OPTIMIZER, seed: 3, checkpointEvery: 0, passTokens: 64, dtype: 'F32' },
    },
    lora: LORA,
  };
}

beforeAll(async () => {
  parts = await partsOf('models/tiny-random/llama', 'keep');
  run = identityOf(parts);
});

/** As a file gives it back. */
function recorded(change: Partial<RunParts> = {}): unknown {
  return JSON.parse(JSON.stringify(identityOf({ ...parts, ...change })));
}

describe('the identity of a run', () => {
  it('is the same when it comes back from a file', () => {
    expect(differences(recorded(), run, 'written')).toEqual([]);
    const full = { lora: undefined };
    expect(differences(recorded(full), identityOf({ ...parts, ...full }), 'written')).toEqual([]);
  });

  it('names what is otherwise, with what it was', () => {
    const { settings, config, data } = parts;
    const optimizer = { ...DEFAULT_OPTIMIZER, weightDecay: 0.3 };
    const changes: readonly [Partial<RunParts>, string][] = [
      [{ settings: { ...settings, learningRate: 0.02 } }, 'learningRate: 0.02 then, 0.01 now'],
      [{ settings: { ...settings, optimizer } }, 'optimizer.weightDecay: 0.3 then, 0.1 now'],
      [{ settings: { ...settings, seed: 4 } }, 'seed: 4 then, 3 now'],
      [{ initialIdentity: 'model 4567' }, 'the initial weights: "model 4567" then, "model 0123" now'],
      [{ data: { ...data, digest: 'other' } }, 'the data: "other" then, "made here" now'],
      [{ lora: { ...LORA, alpha: 17 } }, 'lora.alpha: 17 then, 16 now'],
      [
        { lora: { ...LORA, targets: 'all-linear' } },
        'lora.targets: "all-linear" then, ["q_proj","v_proj"] now',
      ],
    ];
    for (const [change, words] of changes) {
      expect(differences(recorded(change), run, 'unwritten')).toEqual([words]);
    }
    const deeper = recorded({ config: { ...config, layers: 99 } });
    expect(differences(deeper, run, 'unwritten').join()).toMatch(/^the model’s configuration: /);
  });

  it('of an adapter is not that of a full training, either way', () => {
    const full = { lora: undefined };
    expect(differences(recorded(full), run, 'unwritten').join()).toContain('lora: none then');
    expect(differences(recorded(), identityOf({ ...parts, ...full }), 'unwritten').join()).toContain(
      'none now',
    );
  });

  it('knows whether the base’s matrices stay quantised, and what setting says so', async () => {
    const path = 'models/smollm2-135m-instruct';
    const [kept, widened] = [await partsOf(path, 'keep'), await partsOf(path, 'widen')];
    const found = differences(recorded(kept), identityOf(widened), 'unwritten');
    expect(found).toEqual(['the base’s weights (REPTRACE_GGUF_WEIGHTS): "quantized" then, "floats" now']);
    // A full training widens whatever it begins with.
    const full = { lora: undefined };
    expect(
      differences(recorded({ ...kept, ...full }), identityOf({ ...widened, ...full }), 'written'),
    ).toEqual([]);
  });

  it('leaves free when checkpoints are written, and until the result is there its precision', () => {
    const { settings } = parts;
    const other = recorded({ settings: { ...settings, checkpointEvery: 7, dtype: 'BF16' } });
    expect(differences(other, run, 'unwritten')).toEqual([]);
    expect(differences(other, run, 'written')).toEqual(['dtype: "BF16" then, "F32" now']);
  });

  it.each([undefined, null, 3, 'text', [], {}, { settings: [] }])(
    'is not what a file with %j says',
    (file) => {
      expect(differences(file, run, 'unwritten').length).toBeGreaterThan(0);
    },
  );
});
