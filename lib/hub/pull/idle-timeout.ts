/** Aborts a request from which nothing has come for a while; also when the outer signal fires. */
export class IdleTimeout {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number, outer: AbortSignal | undefined) {
    this.#timer = setTimeout(() => {
      this.#controller.abort(new Error(`nothing came for ${ms / 1000} s`));
    }, ms);
    const own = this.#controller.signal;
    this.signal = outer === undefined ? own : AbortSignal.any([own, outer]);
  }

  /** Something came. */
  touch(): void {
    this.#timer.refresh();
  }

  /** Nothing more is waited for. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
