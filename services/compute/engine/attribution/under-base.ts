/** Failures of a base model's own computation, told as such: whoever hears of one thinks of the fine-tuned model first. */
import { ReptraceError } from '../../../../lib/errors.ts';

/** @param work of the base model alone */
export async function namingBase<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof ReptraceError ? underBase(error) : error;
  }
}

export function underBase(error: ReptraceError): ReptraceError {
  return new ReptraceError(error.code, `under the base model, ${error.message}`, error.remedy, {
    cause: error,
  });
}
