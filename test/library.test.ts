/** The library as those who build on it find it: what docs/library.md shows, and types for all that it hands out. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { formatWithOptions } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openLog, type RecordedEvent } from '../src/index.ts';

const root = resolve(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/library.md'), 'utf8');
const examples = [...page.matchAll(/```ts\n([\s\S]*?)```\s+```text\n([\s\S]*?)```/g)].map(
  ([, code = '', output = ''], at) => ({ at, code, output }),
);

describe('docs/library.md', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-library-'));
    mkdirSync(join(folder, '.pipeline'));
    const golden = join(root, 'test/fixtures/logs/2/live-promoted.jsonl');
    const lines = readFileSync(golden, 'utf8').trim().split('\n');
    const log = await openLog(`sqlite:${folder}/.pipeline/log.db`);
    await log.importEvents(lines.map((line): RecordedEvent => JSON.parse(line)));
    await log.close();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('shows the output of every example', () => {
    expect(examples.length).toBe(page.match(/```ts/g)?.length);
    expect(examples.length).toBeGreaterThan(4);
  });

  it.each(examples)('example $at prints what it says', async ({ at, code, output }) => {
    const file = join(folder, `example-${at}.ts`);
    const here = code
      .replace("'lockstep'", JSON.stringify(join(root, 'src/index.ts')))
      .replaceAll(/sqlite:(?!:)/g, `sqlite:${folder}/`);
    writeFileSync(file, here);
    const printed: string[] = [];
    vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
      printed.push(`${formatWithOptions({ colors: false }, ...values)}\n`);
    });
    await import(file);
    vi.restoreAllMocks();
    expect(printed.join('')).toBe(output);
  });
});

describe('the types', () => {
  const dist = join(root, 'dist');
  const read = (file: string): string =>
    readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const exported = new Map<string, string>();
  for (const [, names = '', from = ''] of read(join(dist, 'index.d.ts')).matchAll(
    /export (?:type )?\{([^}]*)\} from '([^']+)'/g,
  )) {
    for (const name of names.split(',')) {
      const file = join(dist, from.replace(/\.ts$/, '.d.ts'));
      exported.set(name.replace('type ', '').trim(), file);
    }
  }

  /** From `export` to the next one at the start of a line. */
  function declarationOf(name: string, file: string): string {
    const parts = read(file).split(/^(?=export |declare |interface |type |import )/m);
    const start = new RegExp(
      `^export (declare )?(abstract )?(interface|type|class|function|const) ${name}\\b`,
    );
    return parts.filter((part) => start.test(part)).join('\n');
  }

  /** The names that a file declares or imports from another file of ours. */
  function ownNames(file: string): ReadonlySet<string> {
    const text = read(file);
    const declared = [
      ...text.matchAll(/^(?:export )?(?:declare )?(?:interface|type|class) (\w+)/gm),
    ];
    const imported = [...text.matchAll(/import (?:type )?\{([^}]*)\} from '\.[^']*'/g)].flatMap(
      ([, names = '']) => names.split(',').map((name) => name.replace('type ', '').trim()),
    );
    return new Set([...declared.map(([, name = '']) => name), ...imported]);
  }

  it('that an exported signature mentions are exported too', () => {
    expect(exported.size).toBeGreaterThan(40);
    // Written out by XState and Zod; Chart, DomainEvent and EventData stand for what they hold.
    const spelledOut = ['chart', 'Chart', 'DomainEvent', 'EventData', 'EventType', 'CoreCode'];
    const missing = [...exported].flatMap(([name, file]) => {
      if (spelledOut.includes(name)) return [];
      const declaration = declarationOf(name, file);
      expect(declaration, name).not.toBe('');
      const own = ownNames(file);
      return [...declaration.matchAll(/(?<!\.)\b[A-Z]\w+/g)]
        .map(([word]) => word)
        .filter((word) => own.has(word) && !exported.has(word))
        .map((word) => `${name} (${dirname(file).slice(dist.length + 1)}) mentions ${word}`);
    });
    expect([...new Set(missing)]).toEqual([]);
  });
});
