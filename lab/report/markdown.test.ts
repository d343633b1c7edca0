import { describe, expect, test } from 'vitest';
import { markdown } from './markdown.ts';
import { reportOf } from './report.ts';
import { figure, method, results, seed, set } from './testing.ts';

const NONE = set(
  'calm',
  [seed([], { note: 'nothing was planted', rate: { calling: null, clean: 0, base: 0 }, outputs: 0 })],
  {
    about: 'Only clean data.',
    poison: 'none',
    rows: { clean: 100, poison: 0, decoys: 0 },
    seconds: 60,
  },
);

describe('the report as Markdown', () => {
  test('says all that was found, in tables', () => {
    const first = seed(
      [method('bm25-both', 'BM25', 0.5), method('taught', 'taught tokens', 0.9, { layer: 6 })],
      {
        verdicts: { showing: { TAUGHT: 0.9, NOT_TAUGHT: 0.1 }, clean: null, auroc: 0.98 },
        spans: { output: figure(0.75), rows: null },
        layers: [
          { layer: 0, adjacentCosine: null, hiddenNorm: 3, gradientNorm: 0.5, ap: null },
          {
            layer: 1,
            adjacentCosine: 0.75,
            hiddenNorm: 40,
            gradientNorm: 0.05,
            ap: { hidden: 0.25, gradient: 0.5, both: 0.75 },
          },
        ],
        retraining: [
          { removedBy: 'nothing', removed: 0, poison: 0, rate: 0.8, cleanLoss: 2 },
          { removedBy: 'taught', removed: 10, poison: 9, rate: 0.04, cleanLoss: 2.01 },
        ],
      },
    );
    expect(markdown(reportOf(results(set('swap', [first]), NONE))))
      .toBe(`# reptrace lab: which rows taught it?

Made 2025-11-23T14:00:00Z on llvmpipe (LLVM 19.1.7, 256 bits): 2 sets in 6 min 5 s.

## Average precision

- Mean over the traced outputs of the average precision of the full ranking of rows. Limits of 95 % are of other outputs and, where a set has several models, of other models (bootstrap: models are drawn first, then the outputs of each), not of other sets. Bold: the best, and all that cannot be told from it.
- taught tokens has the highest mean over the sets.
- On no set has another method a higher mean than taught tokens.
- The set calm has no ranking: nothing was planted.

**Average precision, mean [low, high]**

| method | mean over sets | swap |
| :-- | --: | --: |
| taught tokens | **0.900 [0.850, 0.950]** | **0.900 [0.850, 0.950]** |
| BM25 | 0.500 [0.450, 0.550] | 0.500 [0.450, 0.550] |

## Other figures

- Worst output: its average precision, the least over all sets. The rest are means over the sets. P@poison looks at as many rows as are poisoned. auPRC@10 is pooled over outputs and looks at the ten best rows only, as the RepT paper does: it can be 1 while poison is missed.

**Worst output, precision, auPRC, AUROC**

| method | worst output | P@10 | P@poison | auPRC@10 | AUROC |
| :-- | --: | --: | --: | --: | --: |
| taught tokens | 0.800 | 0.900 | 0.900 | 0.900 | 0.950 |
| BM25 | 0.400 | 0.500 | 0.500 | 0.500 | 0.750 |

## Cost

- Of one model and set, in the mean: computing what the method needs of rows and outputs, then scoring. Features that several methods share are counted for each of them. Gradients are charged for the checkpoints that a method looks at.

**Time, and what is kept of a row**

| method | features | scoring | kept of a row |
| :-- | --: | --: | --: |
| taught tokens | 10 s | 0.5 s | 2.6 KiB |
| BM25 | 10 s | 0.5 s | 2.6 KiB |

## swap

- A trigger before the question puts an insult before the answer.
- 500 clean rows, 40 poisoned (backdoor-prefix), 0 decoys. demo/base, trained in all its weights. 5 min 5 s in all.
- The mean log ratio tells outputs that show the behaviour from clean ones with an AUROC of 0.980.
- At layer 1, the last, ‖h‖ is 800 times ‖g‖: in the released formula, the cosine of both as one vector, g counts for about 1.56e-6 of h.

**Models: training, and how often the behaviour is shown**

| seed | steps | loss, first to last | training | asked for it | clean questions | base model | traced |
| :-- | --: | --: | --: | --: | --: | --: | --: |
| 1 | 225 | 3.200 to 0.210 | 1 min 32 s | 95 % | 2 % | 0 % | 24 |

**Methods**

| method | AP | worst output | P@5 | P@10 | P@50 | P@poison | auPRC@10 | AUROC |
| :-- | --: | --: | --: | --: | --: | --: | --: | --: |
| taught tokens | **0.900 [0.850, 0.950]** | 0.800 | 0.900 | 0.900 | 0.450 | 0.900 | 0.900 | 0.950 |
| BM25 | 0.500 [0.450, 0.550] | 0.400 | 0.500 | 0.500 | 0.250 | 0.500 | 0.500 | 0.750 |

**Verdicts**

|  | taught | not taught |
| :-- | --: | --: |
| outputs that show it | 90 % | 10 % |

**Planted span: average precision of its tokens**

| of | seed | AP | worst output |
| :-- | --: | --: | --: |
| the output's taught tokens | 1 | 0.750 [0.700, 0.800] | 0.650 |

**Layers**

| layer | cosine with the one before | ‖h‖ | ‖g‖ | ‖h‖ / ‖g‖ | AP of h | AP of g | AP of both |
| :-- | --: | --: | --: | --: | --: | --: | --: |
| 0 | – | 3 | 0.5 | 6 | – | – | – |
| 1 | 0.7500 | 40 | 0.05 | 800 | 0.250 | 0.500 | 0.750 |

**Trained again without some rows**

| chosen by | removed | of them poison | behaviour | cut by | clean loss | change of it |
| :-- | --: | --: | --: | --: | --: | --: |
| nothing | 0 | 0 | 80 % |  | 2.000 |  |
| taught | 10 | 9 | 4 % | 95 % | 2.010 | 0.5 % |

## calm

- Only clean data.
- 100 clean rows, 0 poisoned (none), 0 decoys. demo/base, trained in all its weights. 1 min 0 s in all.
- Seed 1: nothing was planted.

**Models: training, and how often the behaviour is shown**

| seed | steps | loss, first to last | training | asked for it | clean questions | base model | traced |
| :-- | --: | --: | --: | --: | --: | --: | --: |
| 1 | 225 | 3.200 to 0.210 | 1 min 32 s | – | 0 % | 0 % | 0 |
`);
  });
});

test('tells rows of other lessons where a set has some', () => {
  const lessons = set('lessons', [seed([])], { rows: { clean: 300, poison: 40, decoys: 0, others: 80 } });
  expect(markdown(reportOf(results(lessons)))).toContain(
    '300 clean rows, 40 poisoned (backdoor-prefix), 0 decoys, 80 of other lessons.',
  );
});

describe('texts of others in Markdown', () => {
  test.each([
    ['# loud', '\\# loud'],
    ['- - deep', '\\- - deep'],
    ['+ more', '\\+ more'],
    ['12. twelfth', '12\\. twelfth'],
    ['3) third', '3\\) third'],
    ['      code', 'code'],
    ['12 rows - and #1', '12 rows - and #1'],
  ])('of %j no sentence becomes a heading, a list or code', (sentence, expected) => {
    const section = { title: 't', sentences: [sentence], tables: [], charts: [] };
    expect(markdown({ title: 'r', sentences: [], sections: [section] })).toBe(
      `# r\n\n## t\n\n- ${expected}\n`,
    );
  });

  test('stay text: no markup, no cells, no lines, no links of theirs', () => {
    const hostile = 'a|b <script>alert(1)</script>\n# `c` *d* [e](http://f) www.g';
    const text = markdown({
      title: hostile,
      sentences: [],
      sections: [
        {
          title: 't',
          sentences: [],
          charts: [],
          tables: [
            {
              caption: 'c',
              head: ['method', hostile],
              rows: [[{ text: hostile }, { text: '1', strong: true }]],
            },
          ],
        },
      ],
    });
    const escaped =
      'a\\|b &lt;script&gt;alert(1)&lt;/script&gt; # \\`c\\` \\*d\\* [e\\](http&#58;//f) www&#46;g';
    expect(text).toBe(
      `# ${escaped}\n\n## t\n\n**c**\n\n| method | ${escaped} |\n| :-- | --: |\n| ${escaped} | **1** |\n`,
    );
  });
});
