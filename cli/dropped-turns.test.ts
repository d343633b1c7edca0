import { describe, expect, it } from 'vitest';
import { parseTemplate } from '../services/compute/engine/model/template.ts';
import { droppedTurns, type DroppedTurn } from './dropped-turns.ts';

const SAMPLE = {
  context: [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hi' },
  ],
  ...{ prompt: 'Hi', response: 'Hi there' },
} as const;

function dropped(
  source: string,
  sample: Parameters<typeof droppedTurns>[1] = SAMPLE,
): readonly DroppedTurn[] {
  return droppedTurns({ template: parseTemplate(source), tokenizer: null }, sample);
}

describe('droppedTurns', () => {
  it('finds none where every turn is rendered, trimmed, in capitals or in another order', () => {
    expect(dropped('{% for m in messages %}{{ m.role }}: {{ m.content | trim }}{% endfor %}')).toEqual([]);
    expect(dropped('{% for m in messages | reverse %}{{ m.content | upper }}{% endfor %}')).toEqual([]);
  });

  it('names those that are left out, also where another turn says the same', () => {
    const noSystem = "{% for m in messages if m.role != 'system' %}{{ m.content }}{% endfor %}";
    expect(dropped(noSystem)).toEqual([{ number: 1, role: 'system' }]);
    expect(dropped('{{ messages[-2].content }}{{ messages[-1].content }}')).toEqual([
      { number: 1, role: 'system' },
      { number: 2, role: 'user' },
      { number: 3, role: 'assistant' },
    ]);
  });

  it('tells turn 1 from turn 11, and passes over turns without a text', () => {
    const context = Array.from({ length: 10 }, () => ({ role: 'user', content: 'x' }) as const);
    const rest = '{% for m in messages[1:] %}{{ m.content }}{% endfor %}';
    expect(dropped(rest, { ...SAMPLE, context })).toEqual([{ number: 1, role: 'user' }]);
    expect(dropped(rest, { context: [], prompt: '', response: 'x' })).toEqual([]);
  });

  it('finds none without a template: turns have no form there, and are refused', () => {
    expect(droppedTurns({ template: null, tokenizer: null }, SAMPLE)).toEqual([]);
  });
});
