// Types of lockfile.mjs, for the TypeScript that imports it.

/** The part of a package's entry that is compared. */
export interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

/** package-lock.json, and the list of the same form that npm leaves in node_modules. */
export interface Lockfile {
  readonly packages?: Readonly<Record<string, LockedPackage>>;
}

export function isInstalled(
  wanted: Lockfile,
  installed: Lockfile,
  machine: { readonly platform: string; readonly arch: string },
): boolean;
