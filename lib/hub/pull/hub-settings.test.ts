import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readHubSettings } from './hub-settings.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'reptrace-hub-home-'));
});
afterEach(() => rm(home, { recursive: true }));

it('the hub is Hugging Face’s own unless HF_ENDPOINT names another', async () => {
  const endpoint = async (value?: string): Promise<string> =>
    (await readHubSettings({ HF_HOME: home, HF_ENDPOINT: value })).endpoint;
  expect(await endpoint()).toBe('https://huggingface.co');
  expect(await endpoint('')).toBe('https://huggingface.co');
  expect(await endpoint('http://127.0.0.1:8080/mirror/')).toBe('http://127.0.0.1:8080/mirror');
  for (const wrong of ['hub', 'ftp://hub', 'http://user@hub'])
    await expect(endpoint(wrong), wrong).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

it('the token is HF_TOKEN, else the one that was logged in with', async () => {
  const token = async (env: Readonly<Record<string, string>> = {}): Promise<string | undefined> =>
    (await readHubSettings({ HF_HOME: home, ...env })).token;
  expect(await token()).toBeUndefined();
  await writeFile(join(home, 'token'), 'hf_file\n');
  expect(await token()).toBe('hf_file');
  expect(await token({ HF_TOKEN: ' hf_env ' })).toBe('hf_env');
  await writeFile(join(home, 'other'), '');
  expect(await token({ HF_TOKEN_PATH: join(home, 'other') })).toBeUndefined();
  await expect(token({ HF_TOKEN: 'a\nb' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});
