/** The two ways in which an adapter is refused: it is damaged or does not fit, or it asks for what is not implemented. */
import { ReptraceError } from '../../../../../lib/errors.ts';

/** @param what a clause about the adapter, without its full stop */
export function loraInvalid(what: string, cause?: unknown): ReptraceError {
  return new ReptraceError(
    'LORA_INVALID',
    `The adapter does not fit: ${what}.`,
    'Give the adapter as peft saved it, with the model that it was trained on.',
    { cause },
  );
}

export function loraUnsupported(what: string): ReptraceError {
  return new ReptraceError(
    'LORA_UNSUPPORTED',
    `The adapter cannot be applied exactly: ${what}.`,
    'Merge it into its base model with peft (merge_and_unload), save that, and give the merged model.',
  );
}
