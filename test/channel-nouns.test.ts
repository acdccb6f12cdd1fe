/** Everything outside a channel's own folder is channel-agnostic: no word of Slack in the rooms that tell it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const src = join(import.meta.dirname, '../src');

/** Slack, and what only Slack's people say. `block` and `thread` alone are others' words too. */
const nouns = /slack|webhook|mrkdwn|block ?kit|\bxox[bp]-|chat\.(post|update)|subteam|thread_ts/i;
/** In what delivers, also what Slack calls its pieces. */
const pieces = /\bthreads?\b|\bbot\b|\boncall\b|\bblocks?\b|\bbroadcast\b/i;

const linesOf = (place: string): string[] =>
  readdirSync(join(src, place), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) =>
      readFileSync(join(src, place, name), 'utf8')
        .split('\n')
        .map((line, i) => `${place}/${name}:${i + 1} ${line.trim()}`),
    );

describe('no word of a channel', () => {
  it.each(['machine', 'runtime', 'store'])('is in src/%s', (room) => {
    const lines = linesOf(room);
    expect(lines.length).toBeGreaterThan(1_000);
    expect(lines.filter((line) => nouns.test(line))).toEqual([]);
  });

  it('is in what delivers to channels, not even what one calls its pieces', () => {
    const lines = linesOf('runtime/notify');
    expect(lines.length).toBeGreaterThan(100);
    expect(lines.filter((line) => pieces.test(line))).toEqual([]);
  });

  it('is in the port', () => {
    const port = readFileSync(join(src, 'effects/channels/channel.ts'), 'utf8');
    expect(port.replace('For people: `Slack`', '')).not.toMatch(nouns);
    expect(port).not.toMatch(pieces);
  });
});

describe('a channel’s name', () => {
  /** Where it may stand: a folder ends with a slash. */
  const allowed: Readonly<Record<string, string>> = {
    'effects/channels/slack/': 'the channel itself',
    'effects/channels/kinds.ts': 'the one line by which the program knows of it',
    'effects/channels/channel.ts': 'an example of what a channel is called',
    'sandbox/': 'its stand-in',
    'cli/commands/sandbox.ts': 'prints what the stand-ins are and how they are used',
    'redaction/': 'how its users’ webhooks and texts look',
  };
  const isAllowed = (line: string) => Object.keys(allowed).some((place) => line.startsWith(place));
  const lines = linesOf('').map((line) => line.replace(/^\//, ''));

  it('stands nowhere in src but in its own folder, its stand-in and the registry', () => {
    const others = lines.filter((line) => !isAllowed(line));
    expect(others.length).toBeGreaterThan(10_000);
    expect(others.filter((line) => /slack/i.test(line))).toEqual([]);
  });

  it.each(Object.keys(allowed))('is needed in %s, which is allowed to have it', (place) => {
    expect(lines.some((line) => line.startsWith(place) && /slack/i.test(line))).toBe(true);
  });
});

it('the words are found where they belong', () => {
  const own = linesOf('effects/channels/slack');
  expect(own.filter((line) => nouns.test(line)).length).toBeGreaterThan(20);
  expect(own.filter((line) => pieces.test(line)).length).toBeGreaterThan(20);
});
