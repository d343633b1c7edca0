import { describe, expect, it } from 'vitest';
import { ReptraceError } from '../../../../lib/errors.ts';
import { parseTemplate, type ChatMessage } from './template.ts';
import { parseTokenizerConfig } from './tokenizer-config.ts';

const TOKENS = { bosToken: '<s>', eosToken: '</s>', unkToken: null, padToken: undefined };
const HI: ChatMessage[] = [{ role: 'user', content: 'Hi {{ 1 }}' }];

function render(source: string, messages = HI, addGenerationPrompt = false): string {
  return parseTemplate(source).render(messages, TOKENS, addGenerationPrompt);
}

describe('a chat template', () => {
  it('sees messages, tokens and the generation prompt as in transformers', () => {
    const source = `{{ bos_token }}{% for message in messages %}
[{{ message['role'] | upper }}] {{ message.content }}{{ eos_token }}
{% endfor %}
{%- if add_generation_prompt %}GO{% endif %}
{%- if tools is none and documents is none and pad_token is not defined %}!{% endif %}`;
    expect(render(source)).toBe('<s>[USER] Hi {{ 1 }}</s>\n!');
    expect(render(source, HI, true)).toBe('<s>[USER] Hi {{ 1 }}</s>\nGO!');
  });

  it('renders the same today and tomorrow', () => {
    expect(render('{{ strftime_now("%d %b %Y") }}')).toBe('26 Jul 2024');
    expect(() => render('{{ strftime_now("%c") }}')).toThrow(/%c/);
  });

  it('passes on the reason when it refuses the conversation', () => {
    expect(() => render('{{ raise_exception("roles must alternate") }}')).toThrow(/roles must alternate/);
  });

  it('is refused where it is malformed, with the reason', () => {
    for (const source of ['{% if %}', '{{ x', '{% for a in b %}', '{{ unknown() }}']) {
      expect(() => render(source), source).toThrow(
        expect.objectContaining({ code: 'TEMPLATE_INVALID' }) as ReptraceError,
      );
    }
  });

  it('is the one named default, where there are several', () => {
    const chat_template = [
      { name: 'tool_use', template: 'no' },
      { name: 'default', template: 'yes' },
    ];
    expect(parseTokenizerConfig({ chat_template }).chatTemplate).toBe('yes');
    expect(() => parseTokenizerConfig({ chat_template: [] })).toThrow(/default/);
    expect(() => parseTokenizerConfig({ chat_template: 3 })).toThrow(ReptraceError);
  });
});

describe('a hostile chat template', () => {
  it('can neither run for long nor take much memory', () => {
    const doubling =
      '{% set ns = namespace(x="aaaaaaaaaaaaaaaa") %}{% for i in range(40) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}';
    for (const source of [
      '{% for i in range(100000000) %}{% endfor %}',
      '{% for i in range(1, 2, 0) %}{% endfor %}',
      '{% for i in range(60000) %}{% for j in range(60000) %}{% endfor %}{% endfor %}',
      doubling,
      '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}',
      '{{ "a" | indent(2000000000, true) }}',
      '('.repeat(100),
      `{{ ${'('.repeat(50_000)}1${')'.repeat(50_000)} }}`,
      `${' '.repeat(100_000)}{%generation`,
      'a'.repeat(200_000),
    ]) {
      const start = performance.now();
      try {
        render(source);
      } catch (error) {
        expect(error, source.slice(0, 80)).toBeInstanceOf(ReptraceError);
      }
      expect(performance.now() - start, source.slice(0, 80)).toBeLessThan(2000);
    }
    expect(() => render(doubling)).toThrow(/of size/);
    expect(() => render('{% for i in range(100000000) %}{% endfor %}')).toThrow(/range of 100000000/);
  });

  it('reaches nothing but its inputs', () => {
    for (const source of [
      '{{ process }}',
      '{{ globalThis }}',
      '{{ messages.constructor }}',
      '{{ messages.__proto__ }}',
    ]) {
      expect(render(source), source).toBe('');
    }
    expect(() => render('{{ messages.constructor.constructor("return 1")() }}')).toThrow(ReptraceError);
  });
});
