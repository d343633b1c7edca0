import { describe, expect, test } from 'vitest';
import { familyOf, METHODS } from '../../methods/method-list.ts';
import { looksOf, TONES, type Look } from './palette.ts';

const NAMES = METHODS.map(({ name }) => name);

const distinct = (looks: Iterable<Look>, of: (look: Look) => unknown): number =>
  new Set([...looks].map((look) => JSON.stringify(of(look)))).size;

describe('the looks of methods', () => {
  test('have one colour for each family, whatever the names', () => {
    const looks = looksOf(NAMES);
    const colours = new Map<string | undefined, Set<string | undefined>>();
    for (const name of NAMES) {
      const family = familyOf(name);
      colours.set(family, (colours.get(family) ?? new Set()).add(looks.get(name)?.colour));
    }
    const each = [...colours.values()].map((of) => [...of]);
    expect(each.map((of) => of.length)).toEqual(each.map(() => 1));
    expect(new Set(each.flat()).size).toBe(each.length);
    // Not the family that its name begins like.
    expect(looks.get('gradient')?.colour).toBe(looks.get('hidden')?.colour);
  });

  test.each([
    ['all methods of the list', NAMES],
    [
      'the list among names that nobody knows',
      [...Array.from({ length: 30 }, (_, i) => `new-${i}`), ...NAMES],
    ],
    ['names that nobody knows', Array.from({ length: 60 }, (_, i) => `new-${i}`)],
  ])('of %s are never the same, as points without dashes too', (_what, names) => {
    const looks = looksOf(names);
    expect(looks.size).toBe(names.length);
    expect(distinct(looks.values(), ({ colour, symbol }) => [colour, symbol])).toBe(names.length);
  });

  test('of more methods than there are marks differ by their dashes', () => {
    const names = Array.from({ length: 500 }, (_, i) => `new-${i}`);
    const looks = looksOf(names).values();
    expect(distinct(looks, ({ colour, symbol, dash }) => [colour, symbol, dash])).toBe(names.length);
  });

  test('of a method do not hang on which unknown ones stand beside it', () => {
    const look = looksOf(NAMES).get('less');
    expect(looksOf(['new', ...NAMES]).get('less')).toEqual(look);
  });

  test('have colours that stand off from both papers', () => {
    const paper = { light: luminance('#fffffe'), dark: luminance('#15181c') };
    const drawn = new Set([...looksOf(NAMES).values()].map(({ colour }) => colour));
    const tones = TONES.filter(({ light }) => drawn.has(light));
    expect(tones).toHaveLength(drawn.size);
    for (const { light, dark } of tones) {
      // WCAG 2.2, 1.4.11: graphics have a contrast of 3.
      expect((paper.light + 0.05) / (luminance(light) + 0.05)).toBeGreaterThan(3);
      expect((luminance(dark) + 0.05) / (paper.dark + 0.05)).toBeGreaterThan(3);
    }
  });
});

/** Relative luminance of sRGB (WCAG 2.2). */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
