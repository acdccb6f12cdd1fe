/** What the command says where the program cannot even be loaded: in words, and with `--json` as a document. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

let clone: string;
beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), 'lockstep-clone-'));
  mkdirSync(join(clone, 'bin'));
  cpSync(join(import.meta.dirname, '../../bin/pipeline.js'), join(clone, 'bin/pipeline.js'));
});
afterAll(() => rmSync(clone, { recursive: true, force: true }));

it('is an error like any other, in a clone in which nothing was built', () => {
  const args = [join(clone, 'bin/pipeline.js'), 'status'];
  const inWords = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(inWords).toMatchObject({ status: 2, stdout: '' });
  expect(inWords.stderr).toContain('error[E_NOT_BUILT]: ');
  const asJson = spawnSync(process.execPath, [...args, '--json'], { encoding: 'utf8' });
  expect(asJson).toMatchObject({ status: 2, stderr: inWords.stderr });
  expect(JSON.parse(asJson.stdout)).toEqual({
    error: {
      code: 'E_NOT_BUILT',
      message: expect.any(String),
      hint: expect.stringContaining('npm run build'),
      details: {},
      exit: 2,
    },
  });
});
