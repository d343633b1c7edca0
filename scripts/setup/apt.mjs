// Carries out an apt plan: add the source, update, install. Says each thing that it does to the system.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, tail } from './command.mjs';
import { aptCommands, PACKAGES, SOURCE_FILE } from './driver-plan.mjs';
import { StepFailure } from './step-failure.mjs';

/** Ask nothing, try a failed download again, and wait for another apt that is at work. */
const QUIETLY = ['env', 'DEBIAN_FRONTEND=noninteractive'];
const PATIENTLY = ['-o', 'Acquire::Retries=3', '-o', 'DPkg::Lock::Timeout=300'];

/** `asRoot` is what to put before a command that needs root; `say` shows a line. */
export function installDriver(plan, asRoot, say) {
  const apt = ([program, ...args]) => runTwice([...asRoot, ...QUIETLY, program, ...PATIENTLY, ...args]);
  const { update, install } = aptCommands(plan);

  if (plan.sourceText !== undefined) {
    say(`no WebGPU adapter, and this system's Mesa is too old: adding ${plan.release} (${SOURCE_FILE})`);
    writeAsRoot(asRoot, SOURCE_FILE, plan.sourceText);
  }
  say(`installing a software Vulkan driver with apt-get (${PACKAGES.join(', ')}); a minute or two`);
  // A failed update need not matter: it may be some other source's, and the lists at hand may do.
  const updated = apt(update);
  const installed = apt(install);
  if (installed.ok) return;

  if (plan.sourceText !== undefined) run([...asRoot, 'rm', '-f', SOURCE_FILE]);
  const outputs = [updated, installed].filter(({ ok }) => !ok).map(({ output }) => tail(output));
  throw new StepFailure(`apt-get could not install ${PACKAGES.join(' and ')}:\n${outputs.join('\n')}`);
}

/** Mirrors and networks have bad moments; the second failure is believed. */
function runTwice(command) {
  const first = run(command);
  return first.ok ? first : run(command);
}

function writeAsRoot(asRoot, path, text) {
  const folder = mkdtempSync(join(tmpdir(), 'reptrace-'));
  try {
    const draft = join(folder, 'source');
    writeFileSync(draft, text);
    const result = run([...asRoot, 'install', '-D', '-m', '644', draft, path]);
    if (!result.ok)
      throw new StepFailure(`could not write ${path} (${result.ended}):\n${tail(result.output)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
