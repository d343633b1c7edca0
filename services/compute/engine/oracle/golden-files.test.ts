import { afterEach, describe, expect, it, vi } from 'vitest';
import { goldenPresent } from './golden-files.ts';

const nowhere = new URL('no-such-folder/', import.meta.url);
const here = new URL('.', import.meta.url);

afterEach(() => {
  vi.restoreAllMocks();
});

describe('goldenPresent', () => {
  it('is true where the folder is, in CI too', () => {
    expect([goldenPresent(here, undefined), goldenPresent(here, 'true')]).toEqual([true, true]);
  });

  it.each([undefined, '', '0', 'false'])('says what is skipped where it is not, with CI %j', (ci) => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue(undefined);
    // An absent argument would take this process's own CI.
    vi.stubEnv('CI', ci);
    expect(goldenPresent(nowhere)).toBe(false);
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/skipped.*no-such-folder/)]]);
    vi.unstubAllEnvs();
  });

  it('fails in CI, saying what is missing', () => {
    expect(() => goldenPresent(nowhere, 'true')).toThrow(/shared.*no-such-folder.*CI/);
  });
});
