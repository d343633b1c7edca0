/**
 * How long a build should take, from what can be measured in a second. Pure.
 *
 *   gpu   operations of all rows (signature-flops.ts) over a measured speed: of the model's own last batches, or of a trial
 *   host  rendering, by the time that the sample took, and storing
 *   read  of a model that is streamed, weights read again for every group of batches
 *   load  weights read once, none where the model is on the GPU already
 *   preparation  of an index with a base model, before its first row: its operations and readings
 *
 * Rendering and storing go on while the GPU computes, and weights are read while the block before them is used; how much of
 * that is gained is not known. So the least is the longest of the three, the most is all of them; both with a margin for what
 * the trial does not see: batches that are not full, a GPU or cores that others use too, a speed that changes with heat.
 *
 * Measured on llvmpipe, two cores shared with other work (load 6 to 8), 600 rows at layer 3, 4 builds of 11 to 22 s each of
 * stories260K and the demo's model: `gpu` by a trial was 0.77 to 1.99 and 0.53 to 1.26 times the real seconds, which were
 * between the two numbers in 7 builds of 8; by the last batches it was 0.91 to 0.96 times, and 8 of 8. A trial of
 * SmolLM2-135M gave 1.38 times what 12 rows took the engine. On a busy machine two minutes differ as much. No other GPU has
 * been measured, nor what is lost to a slow disk.
 */

export interface BuildCost {
  readonly flops: number;
  readonly flopsPerSecond: number;
  readonly rows: number;
  readonly renderSecondsPerRow: number;
  /** Weights read while the build goes on, and to begin with, in bytes. */
  readonly streamedBytes: number;
  readonly loadedBytes: number;
  readonly bytesPerSecond: number;
  /** Done already for an index that is there, which is not known here: only the larger number has it. */
  readonly preparation: { readonly flops: number; readonly streamedBytes: number };
}

/** Of bringing a signature to the store: 0.26 to 1.3 ms were measured with LanceDB, 0.15 to 1.3 with Qdrant, by its width. */
const STORE_SECONDS = 0.0007;
const LOW = 0.75;
const HIGH = 1.5;
/** Weights are also checked and digested as they are loaded, and a disk may be slower than what it has read before. */
const LOAD_HIGH = 4;
/** Of taking up a build and ending it: layers decided, a first report held back, the record written. */
const FIXED_HIGH = 1.5;

export function estimateSeconds(cost: BuildCost): { readonly low: number; readonly high: number } {
  const { flops, flopsPerSecond, rows, renderSecondsPerRow } = cost;
  if (rows === 0) return { low: 0, high: 0 };
  const gpu = flops / flopsPerSecond;
  const host = rows * (renderSecondsPerRow + STORE_SECONDS);
  const read = cost.streamedBytes / cost.bytesPerSecond;
  const load = cost.loadedBytes / cost.bytesPerSecond;
  const { preparation } = cost;
  const before = preparation.flops / flopsPerSecond + preparation.streamedBytes / cost.bytesPerSecond;
  return {
    low: LOW * Math.max(gpu, host, read) + load,
    high: HIGH * (gpu + host + read + before) + LOAD_HIGH * load + FIXED_HIGH,
  };
}
