import { describe, expect, it } from 'vitest';
import { indexBuildCommand } from './commands/index-build.ts';
import { tokensCommand } from './commands/tokens.ts';
import { trainCommand } from './commands/train.ts';

describe('a command with options that must be given', () => {
  it.each([
    ['index build', indexBuildCommand, '--nme', '--name'],
    ['tokens', tokensCommand, '--modl', '--model'],
    ['train', trainCommand, '--ot', '--out'],
  ])('%s names an option that it does not know before those it misses', async (_what, make, typo, meant) => {
    const parsed = (...args: readonly string[]): Promise<unknown> =>
      make()
        .exitOverride()
        .configureOutput({ writeErr: () => undefined })
        .parseAsync(args, { from: 'user' });
    await expect(parsed(typo, 'x')).rejects.toMatchObject({
      code: 'commander.unknownOption',
      message: expect.stringMatching(`'${typo}'\\s+\\(Did you mean ${meant}\\?\\)`) as string,
    });
    await expect(parsed()).rejects.toMatchObject({ code: 'commander.missingMandatoryOptionValue' });
  });
});
