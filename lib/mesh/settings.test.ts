import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSettings } from './settings.ts';

describe('readSettings', () => {
  it('keeps everything in this process and .reptrace when nothing is set', () => {
    expect(readSettings({})).toEqual({
      data: resolve('.reptrace'),
      roots: [process.cwd(), resolve('.reptrace')],
      models: [],
      natsUrl: undefined,
      qdrantUrl: undefined,
      qdrantApiKey: undefined,
      token: undefined,
      gpuMemory: undefined,
      ggufWeights: 'quantized',
      tune: undefined,
    });
  });

  it('takes an empty variable as one that is not set', () => {
    expect(readSettings({ NATS_URL: '', REPTRACE_ROOTS: '', REPTRACE_TOKEN: '' })).toEqual(readSettings({}));
  });

  it('prefers the command line', () => {
    expect(readSettings({ REPTRACE_DATA: '/a' }, { data: '/b' }).data).toBe('/b');
    expect(readSettings({ REPTRACE_DATA: '/a' }, { data: undefined }).data).toBe('/a');
  });

  it('refuses URLs that lead nowhere, without repeating what may hold a password', () => {
    expect(() => readSettings({ NATS_URL: 'http://user:secret@host' })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.not.stringContaining('secret') as string,
      }) as Error,
    );
    expect(() => readSettings({ NATS_URL: 'nats://user:100%@host' })).toThrow('NATS URL');
    expect(readSettings({ NATS_URL: 'nats://a:4222,nats://b:4222' }).natsUrl).toContain('b:4222');
    expect(() => readSettings({ QDRANT_URL: 'host:6333' })).toThrow('QDRANT_URL');
  });

  it('reads how the GPU may be used, and refuses what it does not know', () => {
    expect(readSettings({ REPTRACE_GPU_MEMORY: '1.5GiB' }).gpuMemory).toBe(1.5 * 2 ** 30);
    expect(readSettings({ REPTRACE_GPU_MEMORY: '8GiB' }, { gpuMemory: 5 }).gpuMemory).toBe(5);
    expect(readSettings({ REPTRACE_GGUF_WEIGHTS: 'widened' }).ggufWeights).toBe('widened');
    expect(readSettings({ REPTRACE_TUNE: 'full' }).tune).toBe('full');
    expect(() => readSettings({ REPTRACE_TUNE: 'fast' })).toThrow(/REPTRACE_TUNE is "fast"/);
    expect(() => readSettings({ REPTRACE_GGUF_WEIGHTS: 'f16' })).toThrow(/REPTRACE_GGUF_WEIGHTS is "f16"/);
    expect(() => readSettings({ REPTRACE_GPU_MEMORY: 'half' })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('"half"') as string,
      }) as Error,
    );
  });
});
