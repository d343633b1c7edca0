import { describe, expect, test } from 'vitest';
import { hasSuite, parseDeb822, parseOneLine, siblingSource } from './apt-sources.mjs';

const DEB822 = `# the mirror
Types: deb deb-src
# a comment inside
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/archive.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Enabled: no
`;

const INLINE_KEY = `Types: deb
URIs: http://mirror.example/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 bW9jaw==
 -----END PGP PUBLIC KEY BLOCK-----
`;

const ONE_LINE = `# deb http://old.example/debian bookworm-backports main
deb [arch=amd64,arm64 signed-by=/usr/share/keyrings/archive.gpg] http://mirror.example/debian bookworm main # x
deb-src http://mirror.example/debian bookworm main
`;

describe('deb822 sources', () => {
  test('give their fields, the options apart, and leave out what is disabled', () => {
    expect(parseDeb822(DEB822)).toEqual([
      {
        types: ['deb', 'deb-src'],
        uris: ['http://mirror.example/debian'],
        suites: ['bookworm', 'bookworm-updates'],
        components: ['main', 'contrib'],
        options: { 'signed-by': '/usr/share/keyrings/archive.gpg' },
      },
    ]);
  });

  test('keep a key that is written into the file', () => {
    const text = siblingSource(parseDeb822(INLINE_KEY), 'bookworm', 'bookworm-backports') ?? '';
    expect(text).toContain('\n .\n bW9jaw==\n');
    expect(parseDeb822(text)[0]?.options).toEqual(parseDeb822(INLINE_KEY)[0]?.options);
  });
});

describe('one-line sources', () => {
  test('give the same shape, and leave out comments', () => {
    expect(parseOneLine(ONE_LINE)).toEqual([
      {
        types: ['deb'],
        uris: ['http://mirror.example/debian'],
        suites: ['bookworm'],
        components: ['main'],
        options: { architectures: 'amd64 arm64', 'signed-by': '/usr/share/keyrings/archive.gpg' },
      },
      {
        types: ['deb-src'],
        uris: ['http://mirror.example/debian'],
        suites: ['bookworm'],
        components: ['main'],
        options: {},
      },
    ]);
  });

  test('a suite counts as present only with binary packages and when not commented out', () => {
    expect(hasSuite(parseOneLine(ONE_LINE), 'bookworm')).toBe(true);
    expect(hasSuite(parseOneLine(ONE_LINE), 'bookworm-backports')).toBe(false);
    expect(hasSuite(parseOneLine('deb-src http://mirror.example/debian sid main'), 'sid')).toBe(false);
  });
});

describe('the sibling suite', () => {
  test('is taken from the same mirror with the same key', () => {
    expect(siblingSource(parseOneLine(ONE_LINE), 'bookworm', 'bookworm-backports')).toBe(
      `# Added by reptrace's set-up: a Mesa new enough for WebGPU.
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm-backports
Components: main
Architectures: amd64 arm64
Signed-By: /usr/share/keyrings/archive.gpg
`,
    );
  });

  test('cannot be derived where no source has the suite', () => {
    expect(siblingSource(parseOneLine(ONE_LINE), 'trixie', 'trixie-backports')).toBeUndefined();
  });
});
