/** The script that a shell is given, in that shell: what it suggests, and that it runs nothing of what is typed. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { binary } from './stage.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-completion-'));
  const program = join(folder, 'pipeline');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${binary}' "$@"\n`);
  chmodSync(program, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('bash', () => {
  const script = `
    source <(pipeline completion bash)
    at_tab() { COMP_WORDS=(pipeline "$@"); COMP_CWORD=$#; _pipeline; echo "\${COMPREPLY[*]}"; }
    at_tab re
    at_tab log '$(touch evil)'
    at_tab log '"; touch evil; "'`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: `${folder}:${process.env.PATH}`, HOME: folder },
  });
  expect({ status, stderr, stdout }).toEqual({
    status: 0,
    stderr: '',
    stdout: 'resume replay report\n\n\n',
  });
  expect(existsSync(join(folder, 'evil'))).toBe(false);
});
