/**
 * The one vocabulary of failures. Every expected failure is a ReptraceError: a code for machines, a message that
 * names the operand that was wrong, and a remedy that says what to do about it.
 */

export const ERROR_CODES = [
  'ADAPTER_NOT_FOUND',
  'BUS_UNREACHABLE',
  'CANCELLED',
  'CHECKPOINT_INVALID',
  'CONFIG_INVALID',
  'CONFIG_UNSUPPORTED',
  'CONFLICT',
  'DATASET_CHANGED',
  'DATASET_INVALID',
  'DATASET_NOT_FOUND',
  'DEVICE_LOST',
  'DISK_FULL',
  'DOWNLOAD_INVALID',
  'EVALUATION_EMPTY',
  'GPU_REFUSED',
  'INDEX_AMBIGUOUS',
  'INDEX_BUSY',
  'INDEX_NOT_FOUND',
  'INDEX_NOT_READY',
  'INPUT_INVALID',
  'INTERNAL',
  'LAYER_NOT_FOUND',
  'LORA_INVALID',
  'LORA_NOT_FOUND',
  'LORA_UNSUPPORTED',
  'MODEL_CHANGED',
  'MODEL_NOT_FOUND',
  'NOT_FINITE',
  'NOT_YET',
  'OUT_OF_MEMORY',
  'PATH_NOT_ALLOWED',
  'PROMPT_TOO_LONG',
  'QUERY_INVALID',
  'QUERY_TOO_COSTLY',
  'QUERY_TOO_DEEP',
  'RECIPE_INVALID',
  'REQUEST_TOO_LARGE',
  'SAMPLE_NOT_FOUND',
  'SERVICE_UNAVAILABLE',
  'SHAPE_MISMATCH',
  'STORE_UNREACHABLE',
  'TEMPLATE_INVALID',
  'TIMEOUT',
  'TOKENIZER_INVALID',
  'TOKENIZER_MISMATCH',
  'TOKEN_REQUIRED',
  'TRACE_NOT_FOUND',
  'UNAUTHENTICATED',
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
