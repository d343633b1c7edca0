/** The roofline: the most that a kernel can reach on an adapter, of what the adapter was measured to do. */

export interface Roof {
  /** Floating point operations per second, a multiply-add being two. */
  readonly flopsPerSecond: number;
  /** Bytes per second that are read from storage buffers. */
  readonly bytesPerSecond: number;
}

/**
 * Operations per second that work of so many operations over so many bytes can reach: the rate of multiply-adds, or what the
 * bytes allow where that is less (Williams et al., "Roofline", 2009).
 * @param bytes that must be moved at the least, each operand once
 */
export function predicted({ flopsPerSecond, bytesPerSecond }: Roof, flops: number, bytes: number): number {
  const sizes = [flopsPerSecond, bytesPerSecond, flops, bytes];
  if (!sizes.every((size) => Number.isFinite(size) && size >= 0)) {
    throw new Error(`a limit was asked of ${sizes.join(', ')}: each must be a number of at least 0`);
  }
  return bytes === 0 ? flopsPerSecond : Math.min(flopsPerSecond, (flops / bytes) * bytesPerSecond);
}
