/** What is asked of LoRA training, checked against the model before anything is loaded. */
import { ReptraceError } from '../../../../../lib/errors.ts';
import { MAX_ALPHA, MAX_RANK } from '../../model/lora/adapter-config.ts';
import { linearModules, NOT_ADAPTED, type LinearModule } from '../../model/lora/targets.ts';
import type { ModelConfig } from '../../model/model-config.ts';
import type { ModelSource } from '../../model/model-source.ts';
import { quoteName } from '../../model/safetensors.ts';
import type { InitialValues } from '../initial-weights.ts';

export const ALL_LINEAR = 'all-linear';

export interface LoraTrainingSettings {
  readonly rank: number;
  readonly alpha: number;
  /** Share of each adapted layer's inputs that a step drops, in [0, 1). */
  readonly dropout: number;
  /** Rank-stabilised: alpha is divided by the square root of the rank. */
  readonly rslora: boolean;
  /** Modules by their full names or the ends of them after a dot, as peft reads target_modules; or every linear layer. */
  readonly targets: readonly string[] | typeof ALL_LINEAR;
}

/** What B·A is multiplied by. */
export function scaleOf({ rank, alpha, rslora }: LoraTrainingSettings): number {
  return alpha / (rslora ? Math.sqrt(rank) : rank);
}

/** The layers that are adapted, in the order of their computation. Throws INPUT_INVALID, naming what is wrong. */
export function adaptedModules(config: ModelConfig, settings: LoraTrainingSettings): LinearModule[] {
  const { rank, alpha, dropout, targets } = settings;
  if (!Number.isInteger(rank) || rank < 1 || rank > MAX_RANK)
    throw invalid(`the rank is ${rank}`, `Give a whole number from 1 to ${MAX_RANK}; 8 is usual.`);
  if (!(alpha > 0 && alpha <= MAX_ALPHA))
    throw invalid(
      `alpha is ${alpha}`,
      `Give a number above 0, at most ${MAX_ALPHA}; twice the rank is usual.`,
    );
  if (!(dropout >= 0 && dropout < 1))
    throw invalid(`the dropout is ${dropout}`, 'Give the share to drop: 0 or more, and less than 1.');
  const modules = linearModules(config);
  if (targets === ALL_LINEAR) return modules;
  if (targets.length === 0) throw invalid('no module is to be adapted', thereAre(modules));
  for (const target of targets) {
    if (modules.some(({ name }) => names(target, name))) continue;
    const known = NOT_ADAPTED.some((name) => names(target, name));
    const why = known
      ? 'the embedding or the output head, which are not adapted'
      : 'no linear layer of the model';
    throw invalid(`${quoteName(target)} names ${why}`, thereAre(modules));
  }
  return modules.filter(({ name }) => targets.some((target) => names(target, name)));
}

/** The model beside which an adapter is trained. */
export function baseOf({ model }: InitialValues): ModelSource {
  if (model !== undefined) return model;
  throw invalid(
    'there is no model to adapt, only a configuration',
    'Begin with a model that has weights, or train all of them.',
  );
}

/** The last parts of the modules' names, each once: what target_modules usually has. */
export function shortNames(modules: readonly LinearModule[]): string[] {
  return [...new Set(modules.map(({ name }) => name.slice(name.lastIndexOf('.') + 1)))];
}

function names(target: string, module: string): boolean {
  return module === target || module.endsWith(`.${target}`);
}

function thereAre(modules: readonly LinearModule[]): string {
  return `This model has ${shortNames(modules).join(', ')}; ${ALL_LINEAR} is all of them.`;
}

function invalid(what: string, remedy: string): ReptraceError {
  return new ReptraceError('INPUT_INVALID', `LoRA cannot be trained so: ${what}.`, remedy);
}
