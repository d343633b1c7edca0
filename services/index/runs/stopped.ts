/** Why a run ends before its work is done. The reason of its abort signal. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
  /**
   * `closing`: the service ends, the build does not. `lost`: the record says that somebody else decided (cancelled, deleted,
   * taken over). `failed`: what `cause` says.
   */
  readonly kind: 'closing' | 'lost' | 'failed';

  constructor(kind: Stopped['kind'], cause?: unknown) {
    super(`the run was stopped: ${kind}`, { cause });
    this.kind = kind;
  }
}
