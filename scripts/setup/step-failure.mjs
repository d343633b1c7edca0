// The one error that a set-up step throws on purpose; its message is what the user reads.

/** A step that could not be done. The message says what was seen and what to do. */
export class StepFailure extends Error {
  name = 'StepFailure';
}
