/**
 * The one vocabulary of failures. Every expected failure is a ReptraceError: a code for machines, a message that
 * names the operand that was wrong, and a remedy that says what to do about it.
 */

export const ERROR_CODES = [
  'ADAPTER_NOT_FOUND',
  'CANCELLED',
  'CHECKPOINT_INVALID',
  'CONFIG_INVALID',
  'CONFIG_UNSUPPORTED',
  'DATASET_INVALID',
  'DEVICE_LOST',
  'GPU_REFUSED',
  'INPUT_INVALID',
  'LAYER_NOT_FOUND',
  'LORA_INVALID',
  'LORA_NOT_FOUND',
  'LORA_UNSUPPORTED',
  'MODEL_NOT_FOUND',
  'NOT_FINITE',
  'NOT_YET',
  'OUT_OF_MEMORY',
  'PROMPT_TOO_LONG',
  'SHAPE_MISMATCH',
  'TEMPLATE_INVALID',
  'TOKENIZER_INVALID',
  'TOKENIZER_MISMATCH',
  'WEIGHTS_INVALID',
  'WEIGHTS_NOT_FINITE',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export class ReptraceError extends Error {
  override readonly name = 'ReptraceError';
  readonly code: ErrorCode;
  /** What the user can do about it, one or two sentences. */
  readonly remedy: string;

  constructor(code: ErrorCode, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.remedy = remedy;
  }
}

/** The text of anything thrown, for messages that wrap it. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
