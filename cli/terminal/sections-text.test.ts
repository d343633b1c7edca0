import { describe, expect, it } from 'vitest';
import { cell } from '../../lab/report/document.ts';
import { sectionsText } from './sections-text.ts';

describe('sectionsText', () => {
  const section = {
    title: 'Average precision',
    sentences: ['Ours is ahead.'],
    tables: [
      {
        caption: 'AP',
        head: ['method', 'swap'],
        rows: [
          [cell('taught tokens'), cell('.98', true)],
          [cell('BM25'), cell('.4')],
        ],
      },
    ],
    charts: [],
  };

  it('puts figures below one another, a star behind the best, and sentences after the table', () => {
    expect(sectionsText([section], 80)).toBe(
      ['method         swap', 'taught tokens   .98*', 'BM25             .4', '', 'Ours is ahead.'].join('\n'),
    );
  });

  it('shows no control characters of names that come from files', () => {
    const [table] = section.tables;
    const text = sectionsText(
      [{ ...section, tables: [{ ...table, head: ['method', 's\u001b[31mwap'] }] }],
      80,
    );
    expect(text).not.toContain('\u001b');
  });
});
