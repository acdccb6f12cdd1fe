/** Imports point one way: the rooms of CONTRIBUTING.md. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const src = resolve(import.meta.dirname, '../src');

/** What each room may import: other rooms, and packages (`node:*` and anything else unless listed). */
const rooms: Record<string, { rooms: string[]; packages: RegExp }> = {
  errors: { rooms: [], packages: /^$/ },
  format: { rooms: [], packages: /^$/ },
  redaction: { rooms: ['format'], packages: /^node:/ },
  machine: { rooms: ['format'], packages: /^(xstate|@xstate\/graph|zod)$/ },
  store: { rooms: ['errors'], packages: /^(node:|kysely|better-sqlite3|pg)/ },
  effects: { rooms: ['machine', 'format', 'redaction', 'errors'], packages: /^(node:|undici|zod)/ },
  sandbox: { rooms: [], packages: /^(node:|hono|@hono\/node-server|zod)/ },
  runtime: {
    rooms: ['machine', 'store', 'effects', 'format', 'redaction', 'errors'],
    packages: /^(node:|zod|kysely)/,
  },
  cli: {
    rooms: ['machine', 'store', 'effects', 'runtime', 'sandbox', 'format', 'redaction', 'errors'],
    packages: /^(node:|commander|zod|yaml|env-ci|xstate)/,
  },
};

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const statements = /^(?:import|export)\s[\w\s{},*$]*?from\s'([^']+)'|\bimport\('([^']+)'\)/gm;
  return [...text.matchAll(statements)].map((match) => match[1] ?? match[2] ?? '');
}

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
