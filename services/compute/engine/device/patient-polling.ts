/**
 * Keeps Dawn's binding from taking a core away from an adapter that computes on the CPU. While anything of a device is waited for,
 * the binding asks for finished work in every turn of the event loop, by `globalThis.setImmediate`: the thread that waits is as busy
 * as those that compute, and on two cores a third of them is lost. Here such a question waits for a millisecond, unless the
 * wait has just begun. All other callers of setImmediate are passed on as they are.
 */

/** A wait is asked about at once for so long: decoding a token of a small model takes little more. */
const EAGER_MS = 1;
/** Questions that lie further apart belong to different waits. */
const SAME_WAIT_MS = 10;
const PAUSE_MS = 1;

let patient = false;

/** For good, and for all devices of the process. To be called where the adapter is a software one. */
export function pollPatiently(): void {
  if (patient) return;
  patient = true;
  let asked = -Infinity;
  let began = 0;
  globalThis.setImmediate = new Proxy(globalThis.setImmediate, {
    apply(immediate, self, given: unknown[]) {
      const [callback] = given;
      if (given.length !== 1 || !isOfBinding(callback))
        return Reflect.apply(immediate, self, given) as unknown;
      const now = performance.now();
      if (now - asked > SAME_WAIT_MS) began = now;
      asked = now;
      if (now - began < EAGER_MS) return Reflect.apply(immediate, self, given) as unknown;
      return setTimeout(callback, PAUSE_MS);
    },
  });
}

/** Functions that native code makes have no name and no text. */
function isOfBinding(callback: unknown): callback is () => void {
  return (
    typeof callback === 'function' &&
    callback.name === '' &&
    Function.prototype.toString.call(callback) === 'function () { [native code] }'
  );
}
