/** Who may read what Lockstep writes, under any umask, and that it writes through no link. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shell } from './run-pipeline.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-modes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (name: string): string => (statSync(join(folder, name)).mode & 0o777).toString(8);

/** Opens a log, which makes it, and writes an event. */
const opening = `
  const { openLog } = await import('${join(import.meta.dirname, '../../dist/store/open.js')}');
  const log = await openLog(process.argv[1]).catch((error) => (console.error(error.code), process.exit(2)));
  const event = { id: crypto.randomUUID(), type: 'a.b', data: {}, metadata: {} };
  await log.append([{ stream: 's', expected: 'any', events: [event] }]);
  await log.close();`;

/** A log, and an export of it. */
async function write(umask: string, store: string, output: string) {
  writeFileSync(
    join(folder, 'pipeline.yml'),
    'app: acme-web\nstaging: { heroku: { app: acme-staging }, verify: { endpoints: [{ url: "http://127.0.0.1/" }] } }\nproduction: { heroku: { app: acme-production }, verify: { endpoints: [{ url: "http://127.0.0.1/" }] } }\n',
  );
  const program = [
    `umask ${umask}`,
    `'${process.execPath}' --input-type=module --eval "${opening}" sqlite:${store} || exit 2`,
    `pipeline export --store sqlite:${store} --output ${output}`,
  ].join(' && ');
  return shell(folder, program);
}

describe.each(['000', '022', '077'])('under umask %s', (umask) => {
  it('a folder that is made is 700, files 600', async () => {
    expect(await write(umask, 'a/b/log.db', 'c/d/log.jsonl')).toMatchObject({ exit: 0 });
    for (const name of ['a', 'a/b', 'c', 'c/d'])
      expect(`${name} ${modeOf(name)}`).toBe(`${name} 700`);
    for (const name of filesIn('a/b', 'c/d')) expect(`${name} ${modeOf(name)}`).toBe(`${name} 600`);
  });

  it.each([
    [0o777, '660'],
    [0o775, '660'],
    [0o755, '640'],
    [0o700, '600'],
  ])(
    'in a folder that is there, group rights follow its own (%o), and the world has none',
    async (mode, expected) => {
      for (const name of ['shared', 'out']) {
        mkdirSync(join(folder, name));
        chmodSync(join(folder, name), mode);
      }
      expect(await write(umask, 'shared/log.db', 'out/log.jsonl')).toMatchObject({ exit: 0 });
      for (const name of filesIn('shared', 'out'))
        expect(`${name} ${modeOf(name)}`).toBe(`${name} ${expected}`);
    },
  );
});

describe('a link', () => {
  it('in place of the log’s folder or file is refused, and nothing is written where it leads', async () => {
    mkdirSync(join(folder, 'elsewhere'));
    symlinkSync('elsewhere', join(folder, '.pipeline'));
    symlinkSync(join(folder, 'elsewhere/other.db'), join(folder, 'log.db'));
    for (const store of ['.pipeline/log.db', 'log.db']) {
      const ended = await write('022', store, 'log.jsonl');
      expect(ended.exit).toBe(2);
      expect(ended.stderr).toContain('E_STORE_LINK');
    }
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual([]);
  });

  it('as --output is refused, and what it leads to stays', async () => {
    writeFileSync(join(folder, 'precious'), 'kept');
    symlinkSync('precious', join(folder, 'log.jsonl'));
    symlinkSync('nowhere', join(folder, 'dangling.jsonl'));
    for (const output of ['log.jsonl', 'dangling.jsonl']) {
      const ended = await write('022', 'log.db', output);
      expect(ended.exit).toBe(2);
      expect(ended.stderr).toContain('E_OUTPUT');
    }
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('kept');
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });
});

function filesIn(...folders: string[]): string[] {
  const found = folders.flatMap((one) =>
    readdirSync(join(folder, one)).map((name) => `${one}/${name}`),
  );
  const files = found.filter((name) => statSync(join(folder, name)).isFile());
  expect(files.length).toBeGreaterThanOrEqual(folders.length);
  return files;
}
