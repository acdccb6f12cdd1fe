/** `pipeline docs`: the chart's documentation, and its picture in the README; `--check` only compares. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UsageError } from '../../errors/error.ts';
import { chart } from '../../machine/chart.ts';
import { chartPicture, documentChart } from '../../machine/document.ts';
import { makeFolder } from '../../store/folders.ts';
import type { Terminal } from '../render/terminal.ts';

const picture = /(<!-- chart:begin -->\n)[\s\S]*?(<!-- chart:end -->)/;
const readme = 'README.md';

export async function docs(
  flags: { check?: boolean; output: string },
  terminal: Terminal,
): Promise<number> {
  const wanted = [{ file: flags.output, text: documentChart(chart) }];
  const text = existsSync(readme) ? readFileSync(readme, 'utf8') : '';
  if (picture.test(text)) {
    const shown = text.replace(
      picture,
      (_, begin, end) => `${begin}${chartPicture(chart)}\n${end}`,
    );
    wanted.push({ file: readme, text: shown });
  }
  const stale = wanted.filter((one) => firstDifference(one) !== null);
  if (flags.check !== true) {
    for (const one of stale) {
      reaching(one.file, () => {
        makeFolder(dirname(resolve(one.file)), 0o777);
        writeFileSync(one.file, one.text);
      });
      terminal.out(`wrote ${one.file}`);
    }
    if (stale.length === 0) terminal.out('the documentation is what the chart says');
    return 0;
  }
  for (const one of stale) {
    terminal.err(
      `${one.file}:${firstDifference(one)} is not what the chart says; run pipeline docs`,
    );
  }
  return stale.length === 0 ? 0 : 1;
}

/** The first line that differs, from 1; null where the file is as wanted. */
function firstDifference({ file, text }: { file: string; text: string }): number | null {
  const present = reaching(file, () => (existsSync(file) ? readFileSync(file, 'utf8') : ''));
  if (present === text) return null;
  const [is, should] = [present.split('\n'), text.split('\n')];
  const line = should.findIndex((wanted, i) => wanted !== is[i]);
  return line === -1 ? should.length : line + 1;
}

/** @throws UsageError E_OUTPUT the file system refuses: a folder of that name, no permission */
function reaching<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new UsageError('E_OUTPUT', `${file} cannot be read or written: ${code}`, {
      hint: 'Name a file with --output.',
      cause,
    });
  }
}
