/** For tests of what is on the device. */
import { vi } from 'vitest';
import type { Gpu } from './gpu.ts';

export interface MemoryWatch {
  /** Bytes there now, and the most there were. */
  bytes(): number;
  peak(): number;
}

/**
 * Bytes that are made on the device and freed from now on, until mocks are restored. What results are read back through is the
 * host's.
 */
export function watchMemory({ device }: Gpu): MemoryWatch {
  let [bytes, peak] = [0, 0];
  const make = device.createBuffer.bind(device);
  vi.spyOn(device, 'createBuffer').mockImplementation((descriptor) => {
    const buffer = make(descriptor);
    if (descriptor.label === 'readback') return buffer;
    bytes += buffer.size;
    peak = Math.max(peak, bytes);
    const free = buffer.destroy.bind(buffer);
    let isThere = true;
    buffer.destroy = () => {
      if (isThere) bytes -= buffer.size;
      isThere = false;
      free();
    };
    return buffer;
  });
  return { bytes: () => bytes, peak: () => peak };
}
