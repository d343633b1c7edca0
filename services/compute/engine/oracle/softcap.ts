/**
 * The soft cap of attention scores and of logits (Gemma 2, arXiv 2408.00118): cap * tanh(z / cap), which keeps small values and
 * bounds large ones by ±cap.
 */

/** z itself where there is no cap */
export function softcap(z: number, cap: number | undefined): number {
  return cap === undefined ? z : cap * Math.tanh(z / cap);
}

/** d softcap / dz at z: 1 - tanh(z / cap)^2, as 1 / cosh^2, which keeps its digits where tanh is close to 1 */
export function softcapSlope(z: number, cap: number | undefined): number {
  return cap === undefined ? 1 : 1 / Math.cosh(z / cap) ** 2;
}
