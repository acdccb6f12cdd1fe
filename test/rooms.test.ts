/** Imports point one way: what each room may import, and the picture of the sub-rooms in ARCHITECTURE.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { arrows, importsOf, reachable, src } from './rooms.ts';

/** What each room may import: other rooms, and packages (`node:*` and anything else unless listed). */
const rooms: Record<string, { rooms: string[]; packages: RegExp }> = {
  errors: { rooms: [], packages: /^$/ },
  format: { rooms: [], packages: /^$/ },
  redaction: { rooms: ['format'], packages: /^node:/ },
  machine: { rooms: ['format'], packages: /^(xstate|@xstate\/graph|zod)$/ },
  store: { rooms: ['errors'], packages: /^(node:|kysely|better-sqlite3|pg)/ },
  effects: { rooms: ['machine', 'format', 'redaction', 'errors'], packages: /^(node:|undici|zod)/ },
  sandbox: { rooms: [], packages: /^(node:|hono|@hono\/node-server|zod)/ },
  serve: {
    rooms: ['machine', 'store', 'runtime', 'page', 'format', 'redaction'],
    packages: /^(node:|hono|@hono\/node-server)/,
  },
  page: { rooms: ['machine', 'runtime', 'format', 'redaction'], packages: /^hono\// },
  runtime: {
    rooms: ['machine', 'store', 'effects', 'format', 'redaction', 'errors'],
    packages: /^(node:|zod|kysely)/,
  },
  cli: {
    rooms: [
      ...['machine', 'store', 'effects', 'runtime', 'sandbox', 'page', 'serve'],
      ...['format', 'redaction', 'errors'],
    ],
    packages: /^(node:|commander|open$|zod|yaml|env-ci|xstate)/,
  },
};

function filesOf(room: string): string[] {
  return readdirSync(join(src, room), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(src, room, name));
}

describe('imports point one way', () => {
  for (const [room, allowed] of Object.entries(rooms)) {
    it(`src/${room} imports only ${[...allowed.rooms, 'itself', 'its packages'].join(', ')}`, () => {
      const files = filesOf(room);
      expect(files).not.toEqual([]);
      const strays = files.flatMap((file) =>
        importsOf(file)
          .filter((name) => {
            if (!name.startsWith('.')) return !allowed.packages.test(name);
            const target = relative(src, resolve(dirname(file), name)).split('/');
            return target[0] !== room && !allowed.rooms.includes(target[0] ?? '');
          })
          .map((name) => `${relative(src, file)} imports ${name}`),
      );
      expect(strays).toEqual([]);
    });
  }

  it('every folder of src is a room', () => {
    const folders = readdirSync(src, { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(rooms).sort());
  });

  it('src/machine knows no clock, no randomness, no environment', () => {
    for (const file of filesOf('machine')) {
      const text = readFileSync(file, 'utf8');
      expect(text, file).not.toMatch(
        /\bDate\.now|\bnew Date\(\)|Math\.random|process\.|globalThis|setTimeout/,
      );
    }
  });
});

describe('the picture in ARCHITECTURE.md', () => {
  const page = readFileSync(resolve(src, '../ARCHITECTURE.md'), 'utf8');
  const [, drawing = ''] = /<!-- rooms:begin -->([\s\S]*?)<!-- rooms:end -->/.exec(page) ?? [];
  const drawn = [...drawing.matchAll(/^ +([\w/-]+) --> ([\w/-]+)$/gm)].map(
    ([, from = '', to = '']) => [from, to] as const,
  );
  const picture = new Map<string, string[]>();
  for (const [from, to] of drawn) picture.set(from, [...(picture.get(from) ?? []), to]);
  const everywhere = ['errors', 'format', 'redaction'];
  const found = [...arrows()].flatMap(([from, targets]) =>
    [...targets].map(([to, example]) => ({ from, to, example })),
  );

  it('has every sub-room', () => {
    const rooms = [...arrows().keys()].filter((room) => !everywhere.includes(room));
    const nodes = [...drawing.matchAll(/^ +([\w/-]+)$/gm)].map(([, node]) => node);
    expect(nodes.filter((node) => node !== 'end').sort()).toEqual(rooms.sort());
  });

  it('has a way along its arrows for every import, types included', () => {
    const strays = found.filter(
      ({ from, to }) => !everywhere.includes(to) && !reachable(picture, from).has(to),
    );
    expect(strays.map(({ example }) => example)).toEqual([]);
    expect(found.length).toBeGreaterThan(100);
  });

  it('has no circle, and no arrow that nothing imports along', () => {
    expect([...picture.keys()].filter((room) => reachable(picture, room).has(room))).toEqual([]);
    const unused = drawn.filter(
      ([from, to]) => !found.some((one) => one.from === from && one.to === to),
    );
    expect(unused).toEqual([]);
  });

  it('leaves out only rooms that import none of those in it', () => {
    const rooms = ['format', 'errors', 'redaction'];
    const strays = found.filter(({ from, to }) => rooms.includes(from) && !rooms.includes(to));
    expect(strays).toEqual([]);
  });
});
