// Types of node-version.mjs, for the TypeScript that imports it.

export function isNewEnough(version: string): boolean;
export function nodeVersionStep(): string;
