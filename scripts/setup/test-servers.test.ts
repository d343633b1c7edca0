import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findServer, install } from './test-servers.mjs';

/** The SHA-256 of `genuine`. */
const SHA256 = 'dfec22473777f0ddaea98d74045c22ae9029a8e3b75aa8fcce941aa29e5b073b';
const SERVER = {
  program: 'server',
  package: 'some-server@1.0.0',
  sha256: SHA256,
  override: 'REPTRACE_TEST_X',
};

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reptrace-servers-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test('a program with the known checksum is put in place, executable', () => {
  const unpacked = join(folder, 'unpacked');
  writeFileSync(unpacked, 'genuine', { mode: 0o644 });
  install(SERVER, unpacked, folder);
  expect(statSync(join(folder, 'server')).mode & 0o111).toBe(0o111);
  expect(findServer(SERVER, folder)).toBe(join(folder, 'server'));
});

test('a program with another checksum is neither made executable nor put in place', () => {
  const unpacked = join(folder, 'unpacked');
  writeFileSync(unpacked, 'altered', { mode: 0o644 });
  expect(() => {
    install(SERVER, unpacked, folder);
  }).toThrow(/SHA-256 .* it is not used.*REPTRACE_TEST_X/);
  expect(statSync(unpacked).mode & 0o111).toBe(0);
  expect(existsSync(join(folder, 'server'))).toBe(false);
});

test('a program that was changed in its place is not found', () => {
  writeFileSync(join(folder, 'server'), 'altered', { mode: 0o755 });
  expect(findServer(SERVER, folder)).toBeUndefined();
});

test('the environment may name another program, which must be there', () => {
  writeFileSync(join(folder, 'mine'), 'any');
  vi.stubEnv('REPTRACE_TEST_X', join(folder, 'mine'));
  expect(findServer(SERVER, folder)).toBe(join(folder, 'mine'));
  vi.stubEnv('REPTRACE_TEST_X', join(folder, 'none'));
  expect(() => findServer(SERVER, folder)).toThrow(/REPTRACE_TEST_X names .*none/);
});
