/**
 * A report as one page that needs nothing else: no script, no font and no picture from elsewhere, which its own policy forbids as
 * well. Charts are <svg> elements with a label, and beneath each the same as a table.
 */
import type { Cell, Chart, Report, Section, Table } from './document.ts';
import { STYLE } from './style.ts';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export function html(report: Report): string {
  const { title, sentences, sections } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${escaped(title)}</h1>
${paragraphs(sentences)}
<nav aria-label="Sections"><ul>
${sections.map((each, i) => `<li><a href="#${sectionId(i)}">${escaped(each.title)}</a></li>`).join('\n')}
</ul></nav>
</header>
<main>
${sections.map(section).join('\n')}
</main>
</body>
</html>
`;
}

function section({ title, sentences, tables, charts }: Section, i: number): string {
  const figures = charts.length === 0 ? '' : `<div class="charts">\n${charts.map(figure).join('\n')}\n</div>`;
  return `<section id="${sectionId(i)}">
<h2>${escaped(title)}</h2>
${[paragraphs(sentences), figures, ...tables.map(table)].filter((part) => part !== '').join('\n')}
</section>`;
}

function figure(chart: Chart): string {
  return `<figure>
<figcaption>${escaped(chart.title)}</figcaption>
${chart.svg}
<details><summary>As a table</summary>
${table(chart.table)}
</details>
</figure>`;
}

/** Wider than a phone: it scrolls by itself, by the keyboard too. */
function table({ caption, head, rows }: Table): string {
  const name = escaped(caption);
  return `<div class="table" role="region" aria-label="${name}" tabindex="0"><table>
<caption>${name}</caption>
<thead><tr>${head.map((text) => `<th scope="col">${escaped(text)}</th>`).join('')}</tr></thead>
<tbody>
${rows.map((cells) => `<tr>${cells.map(cellText).join('')}</tr>`).join('\n')}
</tbody>
</table></div>`;
}

function cellText({ text, strong }: Cell, i: number): string {
  if (i === 0) return `<th scope="row">${escaped(text)}</th>`;
  return `<td>${strong === true ? `<strong>${escaped(text)}</strong>` : escaped(text)}</td>`;
}

function paragraphs(sentences: readonly string[]): string {
  return sentences.map((sentence) => `<p>${escaped(sentence)}</p>`).join('\n');
}

function sectionId(i: number): string {
  return `section-${i + 1}`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
