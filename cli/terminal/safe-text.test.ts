import { describe, expect, it } from 'vitest';
import { safeText, shortened } from './safe-text.ts';

describe('safeText', () => {
  it('leaves nothing that a terminal obeys, and shows where it was', () => {
    expect(safeText('a\x1b]0;title\x07b\u009bc\u202ed\u0000')).toBe('a·]0;title·b·c·d·');
  });

  it('keeps a text on one line', () => {
    expect(safeText('one\r\ntwo\nthree\tfour\u2028five')).toBe('one⏎two⏎three four·five');
  });

  it('keeps letters of every script', () => {
    expect(safeText('Zürich 東京 😀')).toBe('Zürich 東京 😀');
  });
});

describe('shortened', () => {
  it('counts characters, not code units', () => {
    expect(shortened('😀😀😀', 3)).toBe('😀😀😀');
    expect(shortened('😀😀😀😀', 3)).toBe('😀😀…');
  });
});
