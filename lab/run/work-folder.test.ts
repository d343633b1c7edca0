import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jsonStep, WorkFolder, type Step } from './work-folder.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'reptrace-work-'));
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

/** A step that counts how often it was made. */
function counted(over: Partial<Step<number>> = {}) {
  const made: number[] = [];
  const step: Step<number> = {
    ...jsonStep({
      ...{ name: 'set-a/answers', title: 'answers', code: 'c1', inputs: { prompts: ['a'] } },
      value: () => {
        made.push(1);
        return Promise.resolve(made.length);
      },
    }),
    ...over,
  };
  return { step, made };
}

describe('WorkFolder', () => {
  it('makes a step once, for other instances too', async () => {
    const { step, made } = counted();
    const first = await new WorkFolder(root).step(step);
    const second = await new WorkFolder(root).step(step);
    expect([first.value, first.cached, second.value, second.cached]).toEqual([1, false, 1, true]);
    expect(second.key).toBe(first.key);
    expect(second.seconds).toBe(first.seconds);
    expect(made).toHaveLength(1);
  });

  it('makes it again for another input, code or kind of step, and keeps what was there', async () => {
    const work = new WorkFolder(root);
    const { step, made } = counted();
    const keys = [
      (await work.step(step)).key,
      (await work.step({ ...step, inputs: { prompts: ['b'] } })).key,
      (await work.step({ ...step, code: 'c2' })).key,
      (await work.step({ ...step, name: 'set-a/ratios' })).key,
    ];
    expect(new Set(keys).size).toBe(4);
    expect(made).toHaveLength(4);
    expect((await work.step(step)).cached).toBe(true);
  });

  it('takes a step that failed midway for one that was never begun', async () => {
    const work = new WorkFolder(root);
    const { step } = counted();
    const failing: Step<number> = {
      ...step,
      make: async (folder) => {
        await writeFile(join(folder, 'value.json'), '17');
        throw new Error('killed');
      },
    };
    await expect(work.step(failing)).rejects.toThrow('killed');
    const seen: string[][] = [];
    const again = await work.step({
      ...step,
      make: async (folder) => {
        seen.push(await readdir(folder));
        await step.make(folder);
      },
    });
    expect(again).toMatchObject({ value: 1, cached: false });
    expect(seen).toEqual([[]]);
  });

  it('gives a step that can go on what a killed process left', async () => {
    const work = new WorkFolder(root);
    const { step } = counted({ resumes: true });
    const failing: Step<number> = {
      ...step,
      make: async (folder) => {
        await mkdir(join(folder, 'checkpoints'));
        throw new Error('killed');
      },
    };
    await expect(work.step(failing)).rejects.toThrow('killed');
    const seen: string[][] = [];
    await work.step({
      ...step,
      make: async (folder) => {
        seen.push(await readdir(folder));
        await step.make(folder);
      },
    });
    expect(seen).toEqual([['checkpoints']]);
  });

  it('does not take a folder without a record for a finished step', async () => {
    const { step, made } = counted();
    const { folder } = await new WorkFolder(root).step(step);
    await rm(join(folder, 'step.json'));
    expect((await new WorkFolder(root).step(step)).cached).toBe(false);
    expect(made).toHaveLength(2);
  });

  it.each([
    ['a record of another step', 'step.json', '{"key":"0","seconds":1}'],
    ['a record that is no JSON', 'step.json', '{'],
    ['a value that is no JSON', 'value.json', '[1,'],
    ['a value that is JSON, but another', 'value.json', '2'],
  ])('names the folder of %s, and does not use it', async (_, file, text) => {
    const { step } = counted();
    const { folder } = await new WorkFolder(root).step(step);
    await writeFile(join(folder, file), text);
    await expect(new WorkFolder(root).step(step)).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
      message: expect.stringContaining(folder) as string,
    });
  });

  it.each([
    ['missing', (path: string) => rm(path)],
    ['not what was written', (path: string) => writeFile(path, '{"steps":')],
  ])(
    'names the folder of a step that one file of is %s, whatever the step would make of it',
    async (what, spoil) => {
      const step: Step<number> = {
        ...counted().step,
        make: (folder) => writeFile(join(folder, 'outcome.json'), '{"steps":3}'),
        read: async (folder) =>
          (JSON.parse(await readFile(join(folder, 'outcome.json'), 'utf8')) as { readonly steps: number })
            .steps,
      };
      const { folder, value } = await new WorkFolder(root).step(step);
      expect(value).toBe(3);
      await spoil(join(folder, 'outcome.json'));
      await expect(new WorkFolder(root).step(step)).rejects.toMatchObject({
        code: 'CHECKPOINT_INVALID',
        message: `what was kept in ${folder} cannot be used: outcome.json is ${what}`,
        remedy: expect.stringContaining('Remove this folder') as string,
      });
      await rm(folder, { recursive: true });
      expect((await new WorkFolder(root).step(step)).value).toBe(3);
    },
  );

  it('names the folder of a step whose result cannot be read', async () => {
    const step: Step<number> = {
      ...counted().step,
      read: () => Promise.reject(new Error('model.safetensors is cut off')),
    };
    await expect(new WorkFolder(root).step(step)).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
      message: expect.stringMatching(/answers.*: model\.safetensors is cut off/) as string,
    });
  });

  it('tells of each step as it is done', async () => {
    const told: unknown[] = [];
    const work = new WorkFolder(root, (title, { cached }) => told.push([title, cached]));
    const { step } = counted();
    await work.step(step);
    await work.step(step);
    expect(told).toEqual([
      ['answers', false],
      ['answers', true],
    ]);
  });

  it('counts what a step took once, however often it is asked for and whoever made it', async () => {
    const work = new WorkFolder(root);
    const { step } = counted();
    const first = await work.step(step);
    await work.step(step);
    const second = await work.step({ ...step, inputs: { prompts: ['b'] } });
    expect(work.seconds).toBe(first.seconds + second.seconds);
    const later = new WorkFolder(root);
    expect(later.seconds).toBe(0);
    await later.step(step);
    await later.step(step);
    expect(later.seconds).toBe(first.seconds);
  });

  it('keeps the whole key in the record, the folder being named by its first digits', async () => {
    const { step } = counted();
    const { folder, key } = await new WorkFolder(root).step(step);
    expect(folder).toBe(join(root, 'set-a/answers', key.slice(0, 16)));
    expect(JSON.parse(await readFile(join(folder, 'step.json'), 'utf8'))).toMatchObject({ key });
  });
});
