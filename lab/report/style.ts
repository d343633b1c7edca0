/** The page's style: light, dark and print, from a phone's width on. Charts are drawn in light colours; in the dark each is replaced. */
import { GRID, INK, PAPER, SOFT_INK, TONES } from './charts/palette.ts';

const CHARTS_IN_THE_DARK = TONES.flatMap(({ light, dark }) => [
  `svg [fill="${light}"]{fill:${dark}}`,
  `svg [stroke="${light}"]{stroke:${dark}}`,
]).join('\n');

export const STYLE = `
:root{color-scheme:light dark;--ink:${INK.light};--soft:${SOFT_INK.light};--line:${GRID.light};--paper:${PAPER.light};--link:#005a9c}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:82rem;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.6rem;margin:.2em 0 .4em}
h2{font-size:1.25rem;margin:2.2rem 0 .5rem;padding-top:.6rem;border-top:1px solid var(--line)}
p{margin:.35rem 0;max-width:46rem}
header p,figcaption,caption,summary{color:var(--soft)}
a{color:var(--link)}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1rem;padding:0;list-style:none}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,23rem),1fr));gap:1rem;margin:1rem 0;align-items:start}
figure{margin:0;min-width:0;max-width:34rem;break-inside:avoid}
figcaption{font-weight:600;margin-bottom:.2rem}
figure svg{display:block;width:100%;height:auto}
summary{cursor:pointer;font-size:.85rem}
.table{overflow-x:auto;margin:1rem 0;max-width:100%}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding-bottom:.3rem;white-space:nowrap}
th,td{padding:.25rem .7rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap;overflow-wrap:normal}
thead th{border-bottom-color:var(--soft);vertical-align:bottom}
th:first-child{position:sticky;left:0;background:var(--paper);text-align:left;padding-left:0;font-weight:400;min-width:min(12rem,38vw);max-width:16rem;white-space:normal}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
@media screen and (prefers-color-scheme:dark){
:root{--ink:${INK.dark};--soft:${SOFT_INK.dark};--line:${GRID.dark};--paper:${PAPER.dark};--link:#7cc0f5}
${CHARTS_IN_THE_DARK}
}
@media print{
:root{color-scheme:light}
body{padding:0;max-width:none;font-size:10pt}
nav,details{display:none}
.table{overflow:visible}
table{font-size:7.5pt}
th,td{padding:.15rem .3rem;white-space:normal}
tr,h2{break-inside:avoid;break-after:auto}
h2{break-after:avoid}
}
`;
