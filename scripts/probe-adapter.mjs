// Asks Dawn for an adapter and a device, in a process of its own since a broken driver can take the process down.
// Prints the adapter's name. Exit code: 0 found, 1 none, 2 the binding itself does not load.
import { argv, exit, stderr, stdout } from 'node:process';

/** The binding, or undefined with the reason on stderr. */
async function loadBinding() {
  try {
    return await import('webgpu');
  } catch (error) {
    stderr.write(`${error}\n`);
    return undefined;
  }
}

const webgpu = await loadBinding();
if (webgpu === undefined) exit(2);

// Dawn dies if the object from create() is collected while a device lives, and a module constant whose last use
// is early is collected: hence globalThis.
globalThis.reptraceProbe = webgpu.create(argv.slice(2));
const adapter = await globalThis.reptraceProbe.requestAdapter();
if (adapter === null) exit(1);

const device = await adapter.requestDevice();
device.destroy();
const { vendor, device: name, description } = adapter.info;
stdout.write(`${description || `${vendor} ${name}`}\n`, () => exit(0));
