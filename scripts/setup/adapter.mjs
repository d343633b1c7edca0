// Step 4: a WebGPU adapter. Asked for afresh each time (0.3 s), so that no stale answer is trusted; where there is
// none, a software one is installed if this user may do that on this system.
import { installDriver } from './apt.mjs';
import { run, tail } from './command.mjs';
import { aptInstructions, driverPlan } from './driver-plan.mjs';
import { describeMachine, rootPrefix } from './machine.mjs';
import { inRoot } from './paths.mjs';
import { StepFailure } from './step-failure.mjs';

/** A driver that hangs must not hang the set-up; a software one's first start takes a second or two. */
const PROBE_TIMEOUT_MS = 30_000;

const AGAIN = 'Then run `npm run setup` again.';

export function adapterStep(say) {
  const found = probe();
  if (found.ok) return `WebGPU adapter: ${found.name}`;

  const plan = driverPlan(describeMachine());
  if (plan.kind === 'manual') {
    throw new StepFailure(`no WebGPU adapter (${found.ended}). ${plan.advice}\n${found.seen}`);
  }
  const asRoot = rootPrefix();
  if (asRoot === undefined) {
    throw new StepFailure(
      `no WebGPU adapter (${found.ended}), and installing one needs root. As one who may, run:\n\n` +
        `${aptInstructions(plan)}\n\n${AGAIN}`,
    );
  }
  installDriver(plan, asRoot, say);

  const now = probe();
  if (now.ok) return `WebGPU adapter: ${now.name} (installed now)`;
  throw new StepFailure(
    `the Vulkan driver is installed, yet Dawn finds no adapter (${now.ended}). What it said:\n${now.seen}`,
  );
}

function probe() {
  const result = run([process.execPath, inRoot('scripts', 'probe-adapter.mjs')], {
    timeoutMs: PROBE_TIMEOUT_MS,
  });
  return { ok: result.ok, name: result.stdout.trim(), ended: result.ended, seen: tail(result.output) };
}
