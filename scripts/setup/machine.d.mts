// Types of machine.mjs, for the TypeScript that imports it.
import type { Machine } from './driver-plan.mjs';

export function describeMachine(): Machine;
export function rootPrefix(): string[] | undefined;
export function parseOsRelease(text: string): Record<string, string>;
