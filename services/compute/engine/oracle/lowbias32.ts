/** The integer hash "lowbias32" (Chris Wellons, hash-prospector), which dropout masks and gradient sketches draw from. */

/** @param word its low 32 bits count. @returns 0 … 2^32 - 1 */
export function lowbias32(word: number): number {
  let bits = word >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return (bits ^ (bits >>> 16)) >>> 0;
}
