/** A log that holds a secret of this environment, for whoever wrote it did not know it for one: the export has it not. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openLog } from '../../src/store/open.ts';
import { shell } from './run-pipeline.ts';

let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-export-secrets-'));
  const log = await openLog(`sqlite:${join(folder, 'log.db')}`);
  const events = ['npm_exported0123', 'nothing'].map((text) => ({
    ...{ id: crypto.randomUUID(), type: 'staging.deployed', metadata: {} },
    data: { text: `it said ${text}` },
  }));
  await log.append([{ stream: 'deploy/1-1a5f89db', expected: 'any', events }]);
  await log.close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.each(['--output log.jsonl', '> log.jsonl'])(
  'is exported without it (%s), and told',
  async (to) => {
    const ended = await shell(
      folder,
      `NPM_TOKEN=npm_exported0123 pipeline export --store sqlite:log.db ${to}`,
    );
    expect(ended.exit).toBe(1);
    expect(ended.stderr).toContain('error[E_EXPORT_SECRET]: 1 event of the log hold');
    const text = readFileSync(join(folder, 'log.jsonl'), 'utf8');
    expect(text).toContain('it said [secret]');
    expect(text + ended.stderr).not.toContain('npm_exported0123');
    const imported = await shell(folder, 'pipeline import log.jsonl --store sqlite:other.db');
    expect(imported.exit).not.toBe(0);
  },
);

it('is whole where that secret is not set', async () => {
  const ended = await shell(folder, 'pipeline export --store sqlite:log.db --output log.jsonl');
  expect(ended.exit).toBe(0);
  expect(readFileSync(join(folder, 'log.jsonl'), 'utf8')).toContain('it said npm_exported0123');
});
