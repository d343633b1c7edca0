import { describe, expect, test } from 'vitest';
import { parseOneLine } from './apt-sources.mjs';
import { aptCommands, aptInstructions, driverPlan, type AptPlan, type Machine } from './driver-plan.mjs';

const BOOKWORM: Machine = {
  platform: 'linux',
  osRelease: { ID: 'debian', VERSION_ID: '12', VERSION_CODENAME: 'bookworm' },
  glibc: '2.36',
  aptSources: parseOneLine('deb http://mirror.example/debian bookworm main'),
};

function advice(machine: Machine): string {
  const plan = driverPlan(machine);
  return plan.kind === 'manual' ? plan.advice : `(a plan for ${plan.kind})`;
}

describe('a driver plan', () => {
  test('on Debian 12 takes the backport, at the machine’s own mirror', () => {
    const plan = driverPlan(BOOKWORM);
    expect(plan).toMatchObject({ kind: 'apt', release: 'bookworm-backports' });
    expect(plan).toHaveProperty(
      'sourceText',
      expect.stringContaining('URIs: http://mirror.example/debian\n'),
    );
  });

  test('adds no source where the backports are configured', () => {
    const aptSources = parseOneLine('deb http://mirror.example/debian bookworm-backports main');
    expect(driverPlan({ ...BOOKWORM, aptSources })).toEqual({ kind: 'apt', release: 'bookworm-backports' });
  });

  test('on Debian 13 and Ubuntu 24.04 takes the system’s own packages', () => {
    for (const osRelease of [
      { ID: 'debian', VERSION_CODENAME: 'trixie' },
      { ID: 'ubuntu', VERSION_CODENAME: 'noble' },
    ]) {
      expect(driverPlan({ ...BOOKWORM, osRelease })).toEqual({ kind: 'apt' });
    }
  });

  test('says what to do where Debian 12 has no source to go by', () => {
    expect(advice({ ...BOOKWORM, aptSources: [] })).toContain('Add bookworm-backports');
  });

  test('leaves other distributions alone and names their command', () => {
    const on = (osRelease: Record<string, string>) => advice({ ...BOOKWORM, osRelease });
    expect(on({ ID: 'rocky', ID_LIKE: 'rhel centos fedora' })).toContain('dnf install');
    expect(on({ ID: 'linuxmint', ID_LIKE: 'ubuntu debian' })).toContain('apt-get install');
    expect(on({ ID: 'opensuse-leap', ID_LIKE: 'suse opensuse' })).toContain('zypper install');
    expect(on({ ID: 'nixos', PRETTY_NAME: 'NixOS' })).toContain('on NixOS');
  });

  test('says that musl and an old glibc cannot work, before any package is installed', () => {
    expect(advice({ ...BOOKWORM, osRelease: { ID: 'alpine' }, glibc: undefined })).toContain('no glibc');
    expect(advice({ ...BOOKWORM, glibc: '2.31' })).toContain('glibc 2.31');
    expect(driverPlan({ ...BOOKWORM, glibc: '2.34' }).kind).toBe('apt');
  });

  test('outside Linux installs nothing', () => {
    expect(advice({ ...BOOKWORM, platform: 'darwin', glibc: undefined })).toContain('Metal');
    expect(advice({ ...BOOKWORM, platform: 'win32', glibc: undefined })).toContain('Direct3D');
    expect(advice({ ...BOOKWORM, platform: 'sunos', glibc: undefined })).toContain('sunos');
  });
});

describe('the instructions', () => {
  test('are the very commands that the set-up would run', () => {
    const plan: AptPlan = { kind: 'apt', release: 'x-backports', sourceText: 'Types: deb\n' };
    const { update, install } = aptCommands(plan);
    expect(install.join(' ')).toContain('-t x-backports mesa-vulkan-drivers libvulkan1');
    expect(aptInstructions(plan).split('\n')).toEqual([
      expect.stringContaining('sudo tee'),
      'Types: deb',
      'END',
      `sudo ${update.join(' ')}`,
      `sudo ${install.join(' ')}`,
    ]);
  });

  test('add no source where none is needed', () => {
    expect(aptInstructions({ kind: 'apt' })).not.toContain('tee');
  });
});
