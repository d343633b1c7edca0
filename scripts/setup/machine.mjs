// The facts about this machine that a driver plan is made from.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDeb822, parseOneLine } from './apt-sources.mjs';
import { run } from './command.mjs';

/** All but the user's rights, which only an installation needs. */
export function describeMachine() {
  return {
    platform: process.platform,
    osRelease: parseOsRelease(readOr('/etc/os-release', '')),
    glibc: glibcVersion(),
    aptSources: readAptSources('/etc/apt'),
  };
}

/** How to run a command as root: its prefix, or undefined where this user may not. */
export function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  return run(['sudo', '-n', 'true']).ok ? ['sudo', '-n'] : undefined;
}

/** KEY=value lines, the values quoted or not. */
export function parseOsRelease(text) {
  const pairs = [...text.matchAll(/^([A-Z_]+)=["']?(.*?)["']?$/gm)];
  return Object.fromEntries(pairs.map(([, key, value]) => [key, value]));
}

function glibcVersion() {
  if (process.platform !== 'linux') return undefined;
  // The report would otherwise look up the names of open connections' hosts.
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime;
}

/** Every source that apt itself would read under this folder. */
function readAptSources(folder) {
  const parts = join(folder, 'sources.list.d');
  const names = existsSync(parts) ? readdirSync(parts).sort() : [];
  const files = [join(folder, 'sources.list'), ...names.map((name) => join(parts, name))];
  return files.flatMap((file) => {
    if (file.endsWith('.sources')) return parseDeb822(readOr(file, ''));
    return file.endsWith('.list') ? parseOneLine(readOr(file, '')) : [];
  });
}

function readOr(path, fallback) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return fallback;
  }
}
