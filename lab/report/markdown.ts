/** A report as Markdown (GitHub's tables): its words and tables; charts are for the page. */
import type { Cell, Report, Section, Table } from './document.ts';

export function markdown(report: Report): string {
  const blocks = [
    `# ${escaped(report.title)}`,
    ...report.sentences.map(escaped),
    ...report.sections.flatMap(section),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function section({ title, sentences, tables }: Section): string[] {
  const words = sentences.map((sentence) => `- ${itemText(sentence)}`).join('\n');
  return [`## ${escaped(title)}`, ...(words === '' ? [] : [words]), ...tables.flatMap(table)];
}

/** The column of names to the left, figures to the right. */
function table({ caption, head, rows }: Table): string[] {
  const line = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;
  return [
    `**${escaped(caption)}**`,
    [
      line(head.map(escaped)),
      line(head.map((_, i) => (i === 0 ? ':--' : '--:'))),
      ...rows.map((cells) => line(cells.map(cellText))),
    ].join('\n'),
  ];
}

function cellText({ text, strong }: Cell): string {
  return strong === true && text !== '' ? `**${escaped(text)}**` : escaped(text);
}

/** Of a list, an item begins as a line does: no heading, list or code of its own there. */
function itemText(text: string): string {
  return escaped(text)
    .trimStart()
    .replace(/^(?=[#+-])|^(\d+)(?=[.)])/, '$1\\');
}

/**
 * Plain text that stays plain: no markup of Markdown or HTML, no line breaks, no links. Characters that mean something only at
 * the start of a line are covered by what stands before a text, or by `itemText`.
 */
function escaped(text: string): string {
  return text
    .replace(/\p{Cc}+|[\u2028\u2029]+/gu, ' ')
    .replace(/[\\`*_|~]|\](?=[([:])/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(
      /(?:https?|ftp|mailto):|www\./gi,
      (start) => `${start.slice(0, -1)}&#${start.charCodeAt(start.length - 1)};`,
    );
}
