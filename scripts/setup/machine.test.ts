import { expect, test } from 'vitest';
import { parseOsRelease } from './machine.mjs';

test('os-release gives its values with and without quotes', () => {
  const text = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID='12'\n# ID=other\n`;
  expect(parseOsRelease(text)).toEqual({
    PRETTY_NAME: 'Debian GNU/Linux 12 (bookworm)',
    ID: 'debian',
    VERSION_ID: '12',
  });
});
