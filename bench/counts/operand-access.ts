/**
 * Which operands a kernel's variant reads and which it writes, from its text: a `read_write` operand may be only written, and one
 * that is bound for a variant that does not use it is neither.
 */

export interface OperandAccess {
  readonly reads: boolean;
  readonly writes: boolean;
}

/** @param code the whole WGSL text @param constants what its variants are told apart by @param operand its name in the text */
export function operandAccess(
  code: string,
  constants: Readonly<Record<string, unknown>>,
  operand: string,
): OperandAccess {
  const text = withoutDeadBranches(code.replace(/\/\/.*$/gm, ''), constants);
  let [reads, writes] = [false, false];
  for (const { index } of text.matchAll(new RegExp(`\\b${operand}\\b`, 'g'))) {
    const after = text.slice(index + operand.length);
    // Its declaration, or a field or function of the same name.
    if (!/^\s*\[/.test(after) || /[.]\s*$/.test(text.slice(0, index))) continue;
    const rest = after.slice(endOf(after, '[', ']')).replace(/^\s*\.[xyzwrgba]+/, '');
    const assigns = /^\s*(=(?!=)|[-+*/&|^%]=)/.exec(rest)?.[1];
    if (assigns !== undefined) writes = true;
    if (assigns !== '=') reads = true;
  }
  return { reads, writes };
}

/** Without the bodies of `if (NAME) { … }` where the variant's NAME is false. */
function withoutDeadBranches(code: string, constants: Readonly<Record<string, unknown>>): string {
  let text = code;
  for (const [name, value] of Object.entries(constants)) {
    if (value !== false) continue;
    const begin = new RegExp(`\\bif \\(${name}\\)`);
    for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
      const end = match.index + endOf(text.slice(match.index), '{', '}');
      text = text.slice(0, match.index) + text.slice(end);
    }
  }
  return text;
}

/** Where the first pair of brackets ends, those within it skipped. */
function endOf(text: string, open: string, close: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === open) depth += 1;
    else if (text[i] === close && --depth === 0) return i + 1;
  }
  throw new Error(`a shader has no "${close}" for a "${open}"`);
}
