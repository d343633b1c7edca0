/**
 * What libraries for browsers look for: a navigator with WebGPU, and its constants among the globals. Made of the same Dawn, the
 * same adapter and the same flags as the engine uses (device/gpu.ts).
 */
import { create, globals } from 'webgpu';

let isOpen = false;

export function openBrowserGlobals(): void {
  if (isOpen) return;
  isOpen = true;
  const flags = (process.env['REPTRACE_DAWN_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');
  const wanted = process.env['REPTRACE_ADAPTER'] ?? '';
  const gpu = create(wanted === '' ? flags : [...flags, `adapter=${wanted}`]);
  Object.assign(globalThis, globals);
  // The global also keeps the instance reachable, which Dawn needs (see device/gpu.ts).
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu, userAgent: 'Node.js' },
    configurable: true,
  });
}
