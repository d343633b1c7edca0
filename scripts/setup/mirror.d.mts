// Types of mirror.mjs, for the TypeScript that imports it.

export function mirror(source: string, target: string, extension: string): void;
