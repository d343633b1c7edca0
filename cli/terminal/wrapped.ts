/** Sentences for a terminal, broken between words so that no line is wider than it. */

/** @param indent of every line but the first. A word that is wider than a line is broken where the line ends. */
export function wrapped(text: string, width: number, indent = ''): string[] {
  const room = Math.max(1, width - Array.from(indent).length);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (Array.from(longer).length <= room) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    const characters = Array.from(word);
    while (characters.length > room) lines.push(characters.splice(0, room).join(''));
    line = characters.join('');
  }
  return [...lines, line].map((one, i) => (i === 0 ? one : `${indent}${one}`));
}
