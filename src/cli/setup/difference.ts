/** What changes in a file, line by line, for a person to read before it is written. */

export interface Line {
  readonly sign: ' ' | '+' | '-';
  readonly text: string;
}

/** How many unchanged lines stand around a change. */
const around = 2;

/** The changed lines with what stands around them; `…` where lines are left out. */
export function difference(before: string, after: string): Line[] {
  const lines = compared(before.split('\n'), after.split('\n'));
  const isNear = (i: number) =>
    lines.slice(Math.max(0, i - around), i + around + 1).some(({ sign }) => sign !== ' ');
  const shown: Line[] = [];
  let isCut = false;
  for (const [i, line] of lines.entries()) {
    if (isNear(i)) shown.push(line);
    else if (!isCut) shown.push({ sign: ' ', text: '…' });
    isCut = !isNear(i);
  }
  return shown;
}

/** By the longest common subsequence: configuration files are short. */
function compared(before: readonly string[], after: readonly string[]): Line[] {
  const rows = before.length + 1;
  const columns = after.length + 1;
  const length = new Uint32Array(rows * columns);
  const at = (i: number, j: number) => length[i * columns + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      length[i * columns + j] =
        before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ sign: ' ', text: before[i] ?? '' });
      i++;
      j++;
    } else if (j >= after.length || (i < before.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ sign: '-', text: before[i++] ?? '' });
    } else {
      lines.push({ sign: '+', text: after[j++] ?? '' });
    }
  }
  return lines;
}
