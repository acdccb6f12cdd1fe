/** `pipeline docs` as people and CI run it: what it writes, and how a drift is told. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chart } from '../../src/machine/chart.ts';
import { chartPicture, documentChart } from '../../src/machine/document.ts';
import { Stage } from './stage.ts';

const output = 'docs/statechart.md';
const oldReadme = '# Web\n\n<!-- chart:begin -->\nan old picture\n<!-- chart:end -->\n\nThe end.\n';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set({ within: true });
});
afterEach(() => stage.strike());

const read = (name: string): string => readFileSync(join(stage.folder, name), 'utf8');

describe('pipeline docs', { timeout: 30_000 }, () => {
  it('writes the chart and its picture in the README, and says what; afterwards --check is content', async () => {
    stage.write('README.md', oldReadme);
    expect(await stage.start(['docs']).ended).toEqual({
      exit: 0,
      stdout: `wrote ${output}\nwrote README.md\n`,
      stderr: '',
    });
    expect(read(output)).toBe(documentChart(chart));
    expect(read('README.md')).toBe(
      oldReadme.replace('an old picture\n', `${chartPicture(chart)}\n`),
    );
    expect(await stage.run(['docs', '--check'])).toEqual({ exit: 0, stdout: '', stderr: '' });
    const again = await stage.run(['docs']);
    expect(again).toMatchObject({ exit: 0, stdout: 'the documents are what this version says\n' });
  });

  it('leaves a README without the marks alone', async () => {
    stage.write('README.md', '# Web\n');
    expect(await stage.run(['docs'])).toMatchObject({ exit: 0, stdout: `wrote ${output}\n` });
    expect(read('README.md')).toBe('# Web\n');
  });

  it('needs no configuration, no token and no repository', async () => {
    stage.write('pipeline.yml', 'neither: this\n');
    const ended = await stage.run(['docs', '--output', 'chart.md'], { HEROKU_API_KEY: undefined });
    expect(ended).toMatchObject({ exit: 0, stdout: 'wrote chart.md\n' });
  });

  it('refuses an output that is a folder: says so; exit 2', async () => {
    const ended = await stage.run(['docs', '--output', '.']);
    expect(ended.exit).toBe(2);
    expect(ended.stderr).toContain('error[E_OUTPUT]');
  });
});

describe('pipeline docs --check', { timeout: 30_000 }, () => {
  it('tells each drift with its line and the remedy, exits 1 and writes nothing', async () => {
    await stage.run(['docs']);
    const drifted = documentChart(chart).replace('stateDiagram-v2', 'stateDiagram');
    stage.write(output, drifted);
    stage.write('README.md', oldReadme);
    const ended = await stage.run(['docs', '--check']);
    const line = drifted.split('\n').indexOf('stateDiagram') + 1;
    expect(ended).toEqual({
      exit: 1,
      stdout: '',
      stderr: [
        `${output}:${line} is not what this version says; run pipeline docs\n`,
        'README.md:4 is not what this version says; run pipeline docs\n',
      ].join(''),
    });
    expect([read(output), read('README.md')]).toEqual([drifted, oldReadme]);
  });

  it('takes a file that is not there for a drift, and makes none', async () => {
    const ended = await stage.run(['docs', '--check']);
    expect(ended).toMatchObject({ exit: 1, stdout: '' });
    expect(ended.stderr).toContain(`${output}:1 is not what this version says`);
    expect(existsSync(join(stage.folder, 'docs'))).toBe(false);
  });
});
