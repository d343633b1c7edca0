/** How a handler's error crosses the bus: a ReptraceError keeps code, message and remedy, anything else is INTERNAL. */
import { ERROR_CODES, reasonOf, ReptraceError, type ErrorCode } from '../errors.ts';

/** Characters of a message or remedy; more would say no more, and must fit any payload. */
const LONGEST_TEXT = 4000;

const INTERNAL_REMEDY = 'This is a fault of the service that answers; its log may say more.';

export function encodeError(thrown: unknown, subject: string): Uint8Array {
  const { code, message, remedy } =
    thrown instanceof ReptraceError
      ? thrown
      : new ReptraceError('INTERNAL', `"${subject}" failed: ${reasonOf(thrown)}`, INTERNAL_REMEDY);
  return Buffer.from(JSON.stringify({ code, message: clip(message), remedy: clip(remedy) }));
}

/** A new ReptraceError. What cannot be read as one is INTERNAL too. */
export function decodeError(bytes: Uint8Array, subject: string): ReptraceError {
  const { code, message, remedy } = parse(bytes);
  if (isErrorCode(code) && typeof message === 'string' && typeof remedy === 'string') {
    return new ReptraceError(code, message, remedy);
  }
  return new ReptraceError('INTERNAL', `"${subject}" failed, and its error cannot be read`, INTERNAL_REMEDY);
}

function parse(bytes: Uint8Array): { code?: unknown; message?: unknown; remedy?: unknown } {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function isErrorCode(value: unknown): value is ErrorCode {
  return (ERROR_CODES as readonly unknown[]).includes(value);
}

function clip(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}…`;
}
