/** A careful write: looked for before it is sent, cleared right before, and looked for again when its reply is lost. */
import { describe, expect, it } from 'vitest';
import {
  ClearanceExpired,
  VendorMalformed,
  VendorRefused,
  VendorUnreachable,
} from '../../src/effects/http/errors.ts';
import { type OnceOnlyWrite, writeOnce } from '../../src/effects/lost-replies.ts';
import type { Ports } from '../../src/effects/ports.ts';
import { createVirtualClock } from './virtual-clock.ts';

type Write = OnceOnlyWrite<string, string>;

const refused = (status: number) =>
  new VendorRefused('E_VENDOR_FAILED', `Heroku answered ${status}`, {
    method: 'POST',
    status,
    id: null,
  });
const unreachable = (sent: boolean) =>
  new VendorUnreachable('Heroku did not answer', { reason: 'it is down', sent });
const expired = new ClearanceExpired('E_CLEARANCE_EXPIRED', 'it was held up', { hint: 'again' });
const malformed = new VendorMalformed('E_VENDOR_MALFORMED', 'an answer like noise', {});

/** What happened, in order; `made` is what the vendor has after the nth send. */
function stage({
  again = false,
  sends = [] as (Error | string)[],
  madeAfter = null as number | null,
} = {}) {
  const happened: string[] = [];
  const clock = createVirtualClock();
  let sent = 0;
  let sleptBefore = 0;
  const ports = {
    clock,
    signal: new AbortController().signal,
    progress: () => {},
    again,
  } as unknown as Ports;
  const write: Write = {
    what: 'the build',
    look: async () => {
      happened.push('look');
      return madeAfter !== null && sent >= madeAfter ? 'made' : null;
    },
    clear: async () => {
      happened.push('clear');
      sleptBefore = clock.now();
      return null;
    },
    send: async ({ clearedUntilMs }) => {
      happened.push('send');
      clearances.push((clearedUntilMs ?? 0) - sleptBefore);
      const answer = sends[sent++] ?? 'made';
      if (typeof answer === 'string') return answer;
      throw answer;
    },
  };
  const clearances: number[] = [];
  return { happened, ports, write, clock, clearances, sends: () => sent };
}

describe('a careful write', () => {
  it('is looked for, cleared, then sent', async () => {
    const { happened, ports, write } = stage();
    expect(await writeOnce(ports, write)).toEqual({
      kind: 'written',
      value: 'made',
      adopted: false,
    });
    expect(happened).toEqual(['look', 'clear', 'send']);
  });

  it('that was made before is adopted: nothing is sent', async () => {
    const { ports, write, sends } = stage({ madeAfter: 0 });
    expect(await writeOnce(ports, write)).toMatchObject({ value: 'made', adopted: true });
    expect(sends()).toBe(0);
  });

  it('that a dead run may have sent just before is looked for again, seconds later', async () => {
    const { ports, write, clock, sends } = stage({ again: true });
    let looks = 0;
    const seen = await writeOnce(ports, {
      ...write,
      look: async () => (++looks === 3 ? 'the dead run’s' : null),
    });
    expect(seen).toMatchObject({ value: 'the dead run’s', adopted: true });
    expect(sends()).toBe(0);
    expect(clock.slept.length).toBeGreaterThanOrEqual(2);
  });

  it('may be sent for 15 seconds after it was cleared', async () => {
    const { ports, write, clearances } = stage();
    await writeOnce(ports, write);
    expect(clearances).toEqual([15_000]);
  });

  it('counted from before the gates were read: however long that took', async () => {
    const { ports, write, clearances, clock } = stage();
    await writeOnce(ports, {
      ...write,
      clear: async () => {
        const refusal = await write.clear();
        clock.advance(9_000);
        return refusal;
      },
    });
    expect(clearances).toEqual([15_000]);
    clock.advance(1);
  });

  it.each([
    ['no reply', unreachable(true)],
    ['a 500', refused(500)],
    ['a 502', refused(502)],
    ['a 503', refused(503)],
    ['a 504', refused(504)],
    ['an answer that cannot be understood', malformed],
  ])('that was carried out though it got %s is found, and not sent again', async (_, answer) => {
    const { ports, write, sends } = stage({ sends: [answer], madeAfter: 1 });
    expect(await writeOnce(ports, write)).toMatchObject({ value: 'made', adopted: true });
    expect(sends()).toBe(1);
  });

  it('whose reply was lost is looked for five times, for half a minute, before it is sent again', async () => {
    const { ports, write, happened, clock } = stage({ sends: [unreachable(true)] });
    await writeOnce(ports, write);
    const between = happened.slice(happened.indexOf('send') + 1, happened.lastIndexOf('send'));
    expect(between).toEqual(['look', 'look', 'look', 'look', 'look', 'clear']);
    expect(clock.slept.reduce((sum, ms) => sum + ms, 0)).toBe(30_000);
  });

  it('whose reply is lost twice is at its end', async () => {
    const lost = [unreachable(true), refused(503), 'made'];
    const { ports, write, sends } = stage({ sends: lost });
    await expect(writeOnce(ports, write)).rejects.toBe(lost[1]);
    expect(sends()).toBe(2);
  });

  it('that is held up each time until its clearance has expired is given up, and was never sent', async () => {
    const { ports, write, happened } = stage({ sends: Array.from({ length: 9 }, () => expired) });
    await expect(writeOnce(ports, write)).rejects.toBe(expired);
    expect(happened.filter((one) => one === 'clear')).toHaveLength(5);
  });

  it('that never left this machine is given up after five times', async () => {
    const away = unreachable(false);
    const { ports, write, sends } = stage({ sends: Array.from({ length: 9 }, () => away) });
    await expect(writeOnce(ports, write)).rejects.toBe(away);
    expect(sends()).toBe(5);
  });

  it('that is refused may have been sent before: one look more tells, and what it made is adopted', async () => {
    for (const made of [null, 'of an earlier send']) {
      const { ports, write, sends } = stage();
      const looks = [null, made];
      const written = await writeOnce(ports, {
        ...write,
        look: async () => looks.shift() ?? null,
        clear: async () => 'production has it',
      });
      expect(written).toEqual(
        made === null
          ? { kind: 'refused', refusal: 'production has it' }
          : { kind: 'written', value: made, adopted: true },
      );
      expect([looks.length, sends()]).toEqual([0, 0]);
    }
  });

  it.each([400, 401, 403, 404])(
    'that is refused with %i is neither looked for nor sent again',
    async (status) => {
      const { ports, write, happened } = stage({ sends: [refused(status)] });
      await expect(writeOnce(ports, write)).rejects.toMatchObject({ status });
      expect(happened).toEqual(['look', 'clear', 'send']);
    },
  );
});
