/** What GitHub Actions is told of a run: no secret is in it, and nothing of it changes how the job ends. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { summaryBytesMax } from '../../../src/cli/ci/actions.ts';
import { reportToActions } from '../../../src/cli/workspace/actions-report.ts';
import { samples } from '../../../src/machine/samples.ts';
import { Gate, within } from '../../../src/redaction/gate.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { requestDeploy } from '../../../src/runtime/loop/request.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';

/** In Markdown one is written in another way, and one is not. */
const secrets = ['whsec_Zm9vYmFyYmF6cXV4', 'QmFyYmF6cXV4Zm9vYmFy'] as const;

let folder: string;
let log: EventLog;
let notices: string[];
let annotations: string[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-actions-'));
  log = await openLog('sqlite::memory:');
  [notices, annotations] = [[], []];
});
afterEach(async () => {
  await log.close();
  rmSync(folder, { recursive: true });
});

const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

/** Of a deploy whose commit's title is that. @param later an event of that type comes after it, which this version has not */
async function report(
  title: string,
  env: Readonly<Record<string, string | undefined>> = {},
  next: string | null = null,
  later: string | null = null,
): Promise<void> {
  const { deploy: _deploy, chart: _chart, ...asked } = samples['deploy.requested'];
  const run = newRun({ actor: anActor, ci: null, program: 'test' });
  const { deploy } = await requestDeploy(
    log,
    { ...asked, commit: { ...asked.commit, title } },
    run,
  );
  const [GITHUB_OUTPUT, GITHUB_STEP_SUMMARY] = [join(folder, 'outputs'), join(folder, 'summary')];
  const ended = { deploy, state: 'staging.failed', exit: 1, isInterrupted: false, next, head: '' };
  if (later !== null) {
    const event = { id: later, type: later, schema: 1, data: {}, metadata: {} };
    await log.append([{ stream: `deploy/${deploy}`, expected: 'any', events: [event] }]);
  }
  await reportToActions(log, ended, {
    env: { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT, GITHUB_STEP_SUMMARY, ...env },
    terminal: { annotate: (one) => void annotations.push(JSON.stringify(one)) },
    notice: (line) => void notices.push(line),
  });
}

it('holds no secret that was known only once the log had it, whatever Markdown makes of it', async () => {
  const gate = new Gate();
  gate.hide(...secrets);
  const [escaped, plain] = secrets;
  await within(gate, () => report(`Sign with ${escaped}`, {}, `pipeline resume ${plain}`));
  const told = read('summary') + read('outputs') + annotations.join();
  expect(told).toContain('Sign with');
  expect(told).not.toContain(escaped.slice(-12));
  expect(read('summary')).not.toContain(plain);
});

it.each(['', undefined])('is told nothing where GITHUB_ACTIONS is %j', async (value) => {
  await report('A change', { GITHUB_ACTIONS: value });
  expect(() => read('summary')).toThrow('ENOENT');
  expect(annotations).toEqual([]);
});

it('takes no more of the summary than other steps have left of it', async () => {
  const others = 'x'.repeat(summaryBytesMax - 20);
  writeFileSync(join(folder, 'summary'), others);
  await report('A change');
  expect(Buffer.byteLength(read('summary'))).toBeLessThanOrEqual(summaryBytesMax);
});

it('leaves out what a newer version wrote, and tells the rest', async () => {
  await report('A change', {}, null, 'deploy.tomorrow');
  expect([notices, read('summary')]).toEqual([[], expect.stringContaining('1 event<')]);
  expect(read('outputs')).toContain('staging.failed');
  expect(annotations).toHaveLength(1);
});

it('where a file cannot be written says so, tells the rest, and throws nothing', async () => {
  await report('A change', { GITHUB_OUTPUT: folder });
  expect(notices).toEqual([
    expect.stringMatching(/^GitHub Actions is not told of this run: EISDIR/),
  ]);
  expect(read('summary')).not.toBe('');
  expect(annotations).toHaveLength(1);
});
