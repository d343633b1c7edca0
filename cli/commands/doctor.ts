/** `reptrace doctor`: what this machine has for reptrace, whether it computes right, and how to mend what is wrong. */
import { statfs } from 'node:fs/promises';
import { Command } from 'commander';
import { ReptraceError } from '../../lib/errors.ts';
import { Gpu, type AdapterReport } from '../../services/compute/engine/device/gpu.ts';
import { selfCheck, type SelfCheck } from '../../services/compute/engine/device/self-check.ts';

interface Problem {
  readonly problem: string;
  /** The command, or the step, that mends it. */
  readonly fix: string;
}

interface Report {
  readonly node: string;
  readonly platform: string;
  readonly adapter: AdapterReport | null;
  readonly check: SelfCheck | null;
  readonly freeDiskBytes: number;
  readonly problems: readonly Problem[];
}

const LEAST_NODE = [20, 19] as const;
const LEAST_DISK = 1 << 30;
/** Limits that decide which models fit; --json has all. */
const SHOWN_LIMITS = [
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
];

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Check Node, the GPU adapter, the kernels and the disk; say how to mend what is wrong')
    .option('--json', 'print one JSON object')
    .action(run);
}

async function run({ json }: { readonly json?: true }): Promise<void> {
  const report = await examine();
  process.stdout.write(json === true ? `${JSON.stringify(report)}\n` : render(report));
  if (report.problems.length > 0) process.exitCode = 1;
}

async function examine(): Promise<Report> {
  const problems: Problem[] = [];
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < LEAST_NODE[0] || (major === LEAST_NODE[0] && minor < LEAST_NODE[1])) {
    const problem = `Node ${process.versions.node} is older than ${LEAST_NODE.join('.')}`;
    problems.push({ problem, fix: 'Install Node 20.19 or newer (nodejs.org, nvm, or your distribution).' });
  }
  const disk = await statfs('.');
  const freeDiskBytes = disk.bavail * disk.bsize;
  if (freeDiskBytes < LEAST_DISK) {
    problems.push({
      problem: `only ${bytes(freeDiskBytes)} of disk are free here`,
      fix: 'du -xh --max-depth=2 . | sort -h | tail (shows what is large): free some space.',
    });
  }
  const { adapter, check } = await examineGpu(problems);
  const platform = `${process.platform}-${process.arch}`;
  return { node: process.versions.node, platform, adapter, check, freeDiskBytes, problems };
}

async function examineGpu(problems: Problem[]): Promise<Pick<Report, 'adapter' | 'check'>> {
  let gpu: Gpu | undefined;
  try {
    gpu = await Gpu.open();
    const check = await selfCheck(gpu);
    for (const { kernel, error, passed } of check.kernels) {
      if (passed) continue;
      problems.push({
        problem: `the ${kernel} kernel is off by ${error.toExponential(1)} on this adapter`,
        fix: 'Update the GPU driver, or choose another adapter with REPTRACE_ADAPTER.',
      });
    }
    return { adapter: gpu.report, check };
  } catch (error) {
    if (!(error instanceof ReptraceError)) throw error;
    problems.push({ problem: error.message, fix: error.remedy });
    return { adapter: gpu?.report ?? null, check: null };
  } finally {
    gpu?.close();
  }
}

function render({ node, platform, adapter, check, freeDiskBytes, problems }: Report): string {
  const lines = [`node      ${node} on ${platform}`];
  if (adapter === null) lines.push('adapter   none');
  else {
    const { vendor, architecture, device, description, software, features, limits } = adapter;
    lines.push(
      `adapter   ${device || description} (${[vendor, architecture].filter((part) => part !== '').join(', ')})` +
        (software ? ', software: computes on the CPU' : ''),
      `driver    ${description}`,
      `features  ${features.join(' ')}`,
      ...SHOWN_LIMITS.map((name) => `limit     ${name} ${limits[name] ?? 'unknown'}`),
    );
  }
  for (const { kernel, error, passed } of check?.kernels ?? []) {
    lines.push(
      `kernel    ${kernel}: ${passed ? 'right' : 'WRONG'}, largest relative error ${error.toExponential(1)}`,
    );
  }
  if (check !== null)
    lines.push(`speed     ${check.gigaflops.toFixed(1)} GFLOP/s on a 256 x 512 x 512 linear layer`);
  lines.push(`disk      ${bytes(freeDiskBytes)} free`);
  for (const { problem, fix } of problems) lines.push('', `problem   ${problem}`, `fix       ${fix}`);
  if (problems.length === 0) lines.push('', 'All is well.');
  return `${lines.join('\n')}\n`;
}

function bytes(count: number): string {
  return `${(count / 1e9).toFixed(1)} GB`;
}
