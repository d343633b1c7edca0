/** What keeps a base model from being had, told as such: who asks names two models, and thinks of the other one first. */
import { ReptraceError, type ErrorCode } from '../../../lib/errors.ts';

/** Failures of a model's place or files; others say nothing of either model. */
const OF_A_MODEL: ReadonlySet<ErrorCode> = new Set([
  'CONFIG_INVALID',
  'CONFIG_UNSUPPORTED',
  'MODEL_CHANGED',
  'MODEL_NOT_FOUND',
  'PATH_NOT_ALLOWED',
  'TEMPLATE_INVALID',
  'TOKENIZER_INVALID',
  'WEIGHTS_INVALID',
]);

/** @param work that finds, opens or reads a base model alone */
export async function ofBase<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ReptraceError) || !OF_A_MODEL.has(error.code)) throw error;
    const { code, message, remedy } = error;
    throw new ReptraceError(code, `the base model cannot be used: ${message}`, remedy, { cause: error });
  }
}
