/** What figures are worth nothing without: where, with what and from which source they were measured. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform } from 'node:os';
import type { AdapterReport } from '../../services/compute/engine/device/gpu.ts';

export interface Commit {
  readonly hash: string;
  /** Whether files differed from the commit. */
  readonly dirty: boolean;
}

export interface Machine {
  readonly date: string;
  /** Null where there is no git repository (a bare GPU machine) and BENCH_COMMIT names none. */
  readonly commit: Commit | null;
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  /** Runnable processes over the last minute, when measuring began: much more than 0 means disturbed figures. */
  readonly loadBefore: number;
  readonly adapter: Pick<AdapterReport, 'vendor' | 'architecture' | 'device' | 'software'> & {
    /** Dawn's description of the adapter, which is where the driver and its version are. */
    readonly driver: string;
  };
  readonly dawnFlags: string;
  /** Release of the `webgpu` package (Dawn), where it can be read. */
  readonly webgpu: string | null;
}

export function describeMachine({
  vendor,
  architecture,
  device,
  description,
  software,
}: AdapterReport): Machine {
  return {
    date: new Date().toISOString(),
    commit: findCommit(),
    node: process.versions.node,
    platform: `${platform()}-${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    loadBefore: loadavg()[0],
    adapter: { vendor, architecture, device, software, driver: description },
    dawnFlags: process.env['REPTRACE_DAWN_FLAGS'] ?? '',
    webgpu: releaseOf('node_modules/webgpu/package.json'),
  };
}

/** An adapter's name as part of a file name. */
export function adapterSlug({ device, description }: Pick<AdapterReport, 'device' | 'description'>): string {
  const name = device === '' ? description : device;
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return slug === '' ? 'unknown' : slug;
}

function findCommit(): Commit | null {
  // A copied working tree has no repository; whoever copies it may say what it is: BENCH_COMMIT=$(git rev-parse HEAD).
  const named = process.env['BENCH_COMMIT'];
  if (named !== undefined && named !== '') {
    return { hash: named.replace(/-dirty$/, ''), dirty: named.endsWith('-dirty') };
  }
  const hash = git('rev-parse', 'HEAD');
  const status = git('status', '--porcelain');
  return hash === undefined || status === undefined ? null : { hash, dirty: status !== '' };
}

function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** Release of an installed package, of its package.json; null where it cannot be read. */
export function releaseOf(path: string): string | null {
  try {
    const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version?: unknown };
    return typeof version === 'string' ? version : null;
  } catch {
    return null;
  }
}
