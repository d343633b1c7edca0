// Types of driver-plan.mjs, for the TypeScript that imports it.
import type { AptSource } from './apt-sources.mjs';

export interface Machine {
  /** As process.platform. */
  readonly platform: string;
  /** /etc/os-release; empty where there is none. */
  readonly osRelease: Readonly<Record<string, string>>;
  /** Its version; undefined on musl and outside Linux. */
  readonly glibc: string | undefined;
  readonly aptSources: readonly AptSource[];
}

/** Install PACKAGES with apt: from `release` if given, after writing `sourceText` to SOURCE_FILE if given. */
export interface AptPlan {
  readonly kind: 'apt';
  readonly release?: string;
  readonly sourceText?: string;
}

/** Nothing that a script should do here: what its owner is to do. */
export interface ManualPlan {
  readonly kind: 'manual';
  readonly advice: string;
}

export const PACKAGES: readonly string[];
export const SOURCE_FILE: string;
export function driverPlan(machine: Machine): AptPlan | ManualPlan;
export function aptCommands(plan: AptPlan): { update: string[]; install: string[] };
export function aptInstructions(plan: AptPlan): string;
