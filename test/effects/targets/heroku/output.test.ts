/** A build's output comes in pieces: whatever is cut where, no secret is shown, and all the rest is. */

import { describe, expect, it } from 'vitest';
import { createHttpClient } from '../../../../src/effects/http/client.ts';
import { NoAnswer } from '../../../../src/effects/http/errors.ts';
import type { Transport } from '../../../../src/effects/http/request.ts';
import type { Ports } from '../../../../src/effects/ports.ts';
import { OutputFollower } from '../../../../src/effects/targets/heroku/output.ts';
import { hide } from '../../../../src/redaction/gate.ts';
import { fc } from '../../../fast-check.ts';
import { createVirtualClock } from '../../virtual-clock.ts';

const secret = 'npm_q7Zk2vXw9RtYb3LmN8cD5fGh1JpS4uEaO6iQ0sTzUyWxVbKjHgFdMlPo';
hide(secret);

const encodings = ['utf8', 'base64', 'hex'] as const;

interface Listening {
  readonly headers: { readonly range: string };
  readonly onPiece: (piece: Uint8Array, status: number) => void;
}

/** What is told of the text when each reading gives as much more of it. */
async function follow(
  text: string | Buffer,
  readings: readonly number[],
  kept: 'range' | 'whole',
  pieceLength: number,
  again = false,
) {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const told: string[] = [];
  let available = 0;
  const send = async ({ headers, onPiece }: Listening) => {
    const from = kept === 'range' ? Number(/\d+/.exec(headers.range)) : 0;
    const body = bytes.subarray(from, available);
    const status = kept === 'range' ? 206 : 200;
    // 0: a transport that gives an answer whole.
    for (let at = 0; pieceLength > 0 && at < body.length; at += pieceLength) {
      onPiece(body.subarray(at, at + pieceLength), status);
      expect(left(output.tail)).toEqual([]);
    }
    return { status, headers: {}, body: body.toString() };
  };
  const ports = {
    http: { send },
    clock: { ran: () => 0, sleep: async () => {} },
    progress: (line: string) => void told.push(line),
    signal: new AbortController().signal,
    again,
  };
  const output = new OutputFollower(ports as unknown as Ports);
  for (const more of readings) {
    available = Math.min(bytes.length, available + more);
    await output.rest('http://127.0.0.1/', { pauseMs: 250, leftMs: 60_000 });
    expect(left(output.tail)).toEqual([]);
  }
  available = bytes.length;
  await output.end('http://127.0.0.1/');
  return { told, tail: output.tail };
}

/** Pieces of eight characters of the secret in any form: fewer are no reason to hide a line's end. */
function left(text: string): string[] {
  const shown = text.replaceAll('[secret]', '§');
  return encodings.flatMap((encoding) => {
    const form = Buffer.from(secret).toString(encoding);
    const pieces = [...Array(form.length - 7).keys()].map((at) => form.slice(at, at + 8));
    return pieces.filter((piece) => shown.includes(piece));
  });
}

it('a secret that is wrapped over lines, which come in several readings, leaves no piece', async () => {
  const lines = fc.array(fc.stringMatching(/^[ -~]{0,30}$/), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      lines,
      lines,
      fc.constantFrom(...encodings),
      fc.integer({ min: 5, max: 76 }),
      fc.array(fc.nat(60), { maxLength: 8 }),
      fc.constantFrom('range', 'whole'),
      fc.nat(40),
      async (before, after, encoding, columns, readings, kept, pieceLength) => {
        const form = Buffer.from(secret).toString(encoding);
        const wrapped = form.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
        const text = [...before, ...wrapped, ...after].map((line) => `${line}\n`).join('');
        const { told, tail } = await follow(text, readings, kept, pieceLength);
        expect(left(told.join('\n'))).toEqual([]);
        expect(left(tail)).toEqual([]);
        expect(told.slice(0, before.length)).toEqual(before);
        expect(told.slice(told.length - after.length)).toEqual(after);
        expect(told.join('\n')).toContain('[secret]');
      },
    ),
    { numRuns: 200 },
  );
});

it('a character that is cut in two is told whole, and a last line without its end too', async () => {
  for (const kept of ['range', 'whole'] as const) {
    for (const pieceLength of [0, 1, 2, 5]) {
      const { told } = await follow('Jürgen 🚢\nfertig ✓', [2, 7, 1, 3], kept, pieceLength);
      expect(told).toEqual(['Jürgen 🚢', 'fertig ✓']);
    }
  }
});

it.each(['e', 'é', '€', '🚢'])(
  'what has no line end is told in pieces, each of whole characters: %s',
  async (character) => {
    const count = 200_000 / Buffer.byteLength(character);
    for (const before of ['', '1', '22', '333']) {
      const text = `${before}${character.repeat(count)}\nfertig`;
      const { told } = await follow(text, [70_000, 100_000], 'range', 9_000);
      expect(told).toHaveLength(5);
      expect(told.at(-1)).toBe('fertig');
      expect(told.join('')).not.toContain('\ufffd');
    }
  },
);

it('what is no text and has no line end is told in pieces too', async () => {
  const bytes = Buffer.concat([Buffer.alloc(150_000, 0x80), Buffer.from('\nfertig')]);
  const { told } = await follow(bytes, [], 'range', 9_000);
  expect(told).toHaveLength(4);
  expect(told.at(-1)).toBe('fertig');
});

it('a line without end is cut, and cut shorter where it is kept for a hint', async () => {
  const { told, tail } = await follow(`${'x'.repeat(60_000)}\nfertig\n`, [], 'range', 9_000);
  expect(told.map(({ length }) => length <= 2_000)).toEqual([true, true]);
  expect(tail.split('\n').map(({ length }) => length <= 180)).toEqual([true, true]);
});

it.each([404, 416, 503])('a page by status %d is no output', async (status) => {
  const told: string[] = [];
  for (const pieces of [[], ['<p>Not\n', 'here</p>\n']]) {
    const send = async ({ onPiece }: Listening) => {
      for (const piece of pieces) onPiece(Buffer.from(piece), status);
      return { status, headers: {}, body: '<p>Not\nhere</p>\n' };
    };
    const ports = {
      http: { send },
      clock: { ran: () => 0, sleep: async () => {} },
      progress: (line: string) => void told.push(line),
      signal: new AbortController().signal,
    };
    const output = new OutputFollower(ports as unknown as Ports);
    await output.rest('http://127.0.0.1/', { pauseMs: 250, leftMs: 60_000 });
    await output.end('http://127.0.0.1/');
    expect(output.tail).toBe('');
  }
  expect(told).toEqual([]);
});

it.each([
  ['says so once, and not before there is some', true],
  ['of a first run says nothing of the kind', false],
])('a build that is followed again %s', async (_, again) => {
  const lines = ['one', 'two', 'three'];
  const { told } = await follow('one\ntwo\nthree', [0, 4, 4], 'range', 3, again);
  expect(told).toEqual([...(again ? ['the build’s output, again from the start:'] : []), ...lines]);
});

it('an answer that is cut is asked for once, so that no line is told twice', async () => {
  const told: string[] = [];
  const clock = createVirtualClock({ holdMs: 6_000 });
  const transport: Transport = async ({ onPiece }) => {
    onPiece?.(Buffer.from('one\n'), 206);
    throw new NoAnswer('the connection was cut', true);
  };
  const http = createHttpClient({
    ...{ transport, clock, random: () => 0, notice: () => {}, beforeWrite: async () => {} },
  });
  const { signal } = new AbortController();
  const output = new OutputFollower({ http, clock, signal, progress: (line) => told.push(line) });
  await output.listen('http://127.0.0.1/', 60_000);
  await output.end(null);
  expect(told).toEqual(['one']);
});

describe('between two asks', () => {
  /** How long it slept, where the stream was open for so long; null: it cannot be had. */
  async function slept(openMs: number | null, pauseMs: number, leftMs = 60_000) {
    let ran = 0;
    let slept = 0;
    const sleep = async (ms: number) => {
      slept += ms;
    };
    const clock = { ran: () => ran, sleep };
    const send = async ({ timeoutMs }: { timeoutMs: number }) => {
      if (openMs === null) throw new NoAnswer('connection refused', false);
      ran += Math.min(openMs, timeoutMs);
      return { status: 200, headers: {}, body: '' };
    };
    const signal = new AbortController().signal;
    const ports = { http: { send }, clock, signal, progress: () => {} } as unknown as Ports;
    const output = new OutputFollower(ports);
    await output.rest('http://127.0.0.1/', { pauseMs, leftMs });
    return { slept, listened: ran };
  }

  it.each([
    ['a stream that was held open and ended is asked about at once', 2_000, 5_000, 0],
    ['as is one that was open for as long as the pause', 250, 250, 0],
    ['one that ends at once leaves the pause as it is', 0, 5_000, 5_000],
    ['one that ends soon leaves the rest of the pause', 250, 5_000, 4_750],
    ['and so does one that nobody serves', null, 5_000, 5_000],
  ] as const)('%s', async (_, openMs, pauseMs, expected) => {
    expect(await slept(openMs, pauseMs)).toMatchObject({ slept: expected });
  });

  it('one that never ends is listened to for 20 s at a time, and never past the end', async () => {
    expect(await slept(Number.POSITIVE_INFINITY, 250)).toEqual({ slept: 0, listened: 20_000 });
    expect(await slept(Number.POSITIVE_INFINITY, 250, 700)).toEqual({ slept: 0, listened: 700 });
  });
});

describe('what came at the end', () => {
  /** How often the stream is asked for once it was open for so long and ended so. */
  async function asked(openMs: number, ending: 'ends' | 'is cut', unlessHeard: boolean) {
    let ran = 0;
    let asked = 0;
    const clock = { ran: () => ran, sleep: async () => {} };
    let heldMs = 0;
    const send = async ({ timeoutMs }: { timeoutMs: number }) => {
      asked += 1;
      if (asked > 1) heldMs = timeoutMs;
      if (asked > 1) return { status: 416, headers: {}, body: '' };
      ran += openMs;
      if (ending === 'is cut') throw new NoAnswer('the connection was cut', true);
      return { status: 200, headers: {}, body: 'the last line\n' };
    };
    const { signal } = new AbortController();
    const ports = { http: { send }, clock, signal, progress: () => {} } as unknown as Ports;
    const output = new OutputFollower(ports);
    await output.rest('http://127.0.0.1/', { pauseMs: 5_000, leftMs: 60_000 });
    await output.end('http://127.0.0.1/', { unlessHeard });
    // The work is over: the rest of its output holds nothing back for long.
    expect(heldMs).toBeLessThanOrEqual(3_000);
    return asked;
  }

  it.each([
    ['of a stream that was held open to its end is not asked for again', 2_000, 'ends', true, 1],
    ['is asked for where its last words say why', 2_000, 'ends', false, 2],
    ['is asked for where the stream was cut', 2_000, 'is cut', true, 2],
    ['is asked for where the stream did not wait for it', 1_999, 'ends', true, 2],
  ] as const)('%s', async (_, openMs, ending, unlessHeard, times) => {
    expect(await asked(openMs, ending, unlessHeard)).toBe(times);
  });
});
