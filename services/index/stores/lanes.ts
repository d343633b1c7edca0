/** Tasks of the same name run one after the other, in the order in which they were given; others run beside them. */
export class Lanes {
  readonly #last = new Map<string, Promise<unknown>>();

  run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(name) ?? Promise.resolve()).then(task);
    // The next task waits for the end of this one; a failure is this caller's to hear of.
    const end = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(name, end);
    void end.then(() => {
      if (this.#last.get(name) === end) this.#last.delete(name);
    });
    return turn;
  }

  /** Resolves when no task is left. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }
}
