import { beforeAll, describe, expect, test } from 'vitest';
import { html } from './html.ts';
import { reportOf } from './report.ts';
import { layers, method, results, seed, set } from './testing.ts';

const EVIL = `<script>alert("x")</script><img src=//e.vil onerror='a'>&amp;{a|b}`;
const NAMES = ['taught', 'rept-unit', 'less', 'bm25-both', 'random'];
const LAYERS = layers(7);

function page(title = (name: string) => name, recipe = 'swap'): string {
  const methods = NAMES.map((name, i) =>
    method(name, title(name), 0.9 - i / 10, { layer: name === 'rept-unit' ? 4 : null }),
  );
  const ranked = seed(methods, { layers: LAYERS });
  return html(reportOf(results(set(recipe, [ranked]), set('calm', [seed([], { note: `not ${recipe}` })]))));
}

/** Names of elements in the order that they open; throws where one is closed that is not open, or the other way round. */
function elementsOf(text: string): string[] {
  const names: string[] = [];
  const open: string[] = [];
  const style = /<style>[^]*?<\/style>/g;
  for (const [, close, name, attributes, empty] of text.replace(style, '').matchAll(TAG)) {
    if (close === '/') {
      expect(open.pop()).toBe(name);
      continue;
    }
    names.push(name);
    // What no attribute can hold: an end of it.
    expect(attributes.replace(/\s[\w:-]+=(?:"[^"<>]*"|'[^'<>]*')/g, '').trim()).toBe('');
    if (empty !== '/' && !VOID.has(name)) open.push(name);
  }
  expect(open).toEqual([]);
  return names;
}
const TAG = /<(\/?)([a-zA-Z][\w-]*)((?:"[^"]*"|'[^']*'|[^'">])*?)(\/?)>/g;
const VOID = new Set(['meta']);

const count = (names: readonly string[], name: string): number =>
  names.filter((each) => each === name).length;

describe('the page', () => {
  let text = '';
  let names: string[] = [];
  beforeAll(() => {
    text = page();
    names = elementsOf(text.replace('<!doctype html>', ''));
  });

  test('needs nothing from elsewhere, and runs nothing', () => {
    expect(names).not.toContain('script');
    expect(names).not.toContain('img');
    expect(names).not.toContain('link');
    // The name of SVG's vocabulary is no address that is fetched.
    expect(text.replaceAll('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(
      /https?:|@import|url\((?!#)|\son\w+=/,
    );
    expect(text).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; `);
  });

  test('has one picture of each chart, with a label and the same as a table', () => {
    // All sets: standing and cost. The set: precision and recall, cost, AP by layer, curve, norms.
    expect(count(names, 'svg')).toBe(7);
    expect(count(names, 'figure')).toBe(7);
    expect(count(names, 'details')).toBe(7);
    expect([...text.matchAll(/<svg role="img" aria-label="[^"]{20,}"/g)]).toHaveLength(7);
  });

  test('has every method in every chart of methods and every table of methods', () => {
    const figures = text.split('<figure>').slice(1);
    const ofMethods = figures.filter((figure) => /precision over|Cost and|Precision and/.test(figure));
    expect(ofMethods).toHaveLength(4);
    for (const figure of ofMethods) {
      for (const name of NAMES) {
        expect(figure.slice(0, figure.indexOf('</svg>'))).toContain(`>${name}</text>`);
        expect(figure).toContain(`<th scope="row">${name}</th>`);
      }
    }
  });

  test('marks the layer that was chosen', () => {
    expect(text).toContain('>layer 4 chosen</text>');
    expect(text).toContain('; the rule chose layer 4.');
  });

  test.each(['taught', 'hidden', 'gradient'])('marks it where %s alone looked at it', (name) => {
    const methods = [
      method(name, name, 0.9, { layer: 3 }),
      method('rept-released', 'released', 0.5, { layer: 6 }),
    ];
    const drawn = html(reportOf(results(set('swap', [seed(methods, { layers: LAYERS })]))));
    expect(drawn).toContain('; the rule chose layer 3.');
    expect(drawn).not.toContain('layer 6 chosen');
  });

  test('says why a set has no ranking, and draws nothing of it', () => {
    expect(text).toContain('<p>Seed 1: not swap.</p>');
    expect(text.slice(text.indexOf('<h2>calm</h2>'))).not.toContain('<svg');
  });

  test('draws with colours that its dark style knows', () => {
    const drawn = [...text.matchAll(/ (?:fill|stroke)="(#[^"]+)"/g)].map(([, colour]) => colour);
    const known = [...text.matchAll(/svg \[(?:fill|stroke)="(#[^"]+)"\]/g)].map(([, colour]) => colour);
    // Black is for areas that are not seen: of clips, and of marks that are lines.
    const unknown = new Set(drawn.filter((colour) => !known.includes(colour) && colour !== '#000'));
    expect([...unknown]).toEqual([]);
  });

  test('is the same for the same results', () => {
    expect(page()).toBe(text);
  });

  test('has ids of its own for every chart', () => {
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('texts of others on the page', () => {
  test('stay text, in charts and labels too', () => {
    const text = page((name) => `${name}${EVIL}`, EVIL);
    const names = elementsOf(text.replace('<!doctype html>', ''));
    expect(names).not.toContain('script');
    expect(names).not.toContain('img');
    expect(text).toContain('taught&lt;script&gt;');
  });

  test('two methods with one title are still two lines', () => {
    const text = page(() => 'same');
    expect(text).toContain('>same (less)</text>');
    expect(text).toContain('>same (random)</text>');
  });
});

describe('a page of notes alone', () => {
  test('has no picture and no figure that is none', () => {
    const text = html(reportOf(results(set('calm', [seed([], { note: 'nothing was planted' })]))));
    expect(elementsOf(text.replace('<!doctype html>', ''))).not.toContain('svg');
    expect(text).toContain('No set has outputs to trace');
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('figures at their limits', () => {
  test('a method that takes no time, norms of zero and one layer are drawn', () => {
    const cost = { featureSeconds: 0, scoreSeconds: 0, bytesPerRow: null };
    const one = [{ ...LAYERS[0], hiddenNorm: 0, gradientNorm: 0 }];
    const text = html(
      reportOf(results(set('one', [seed([method('taught', 't', 1, { cost })], { layers: one })]))),
    );
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });
});
