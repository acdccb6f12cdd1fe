/** A canary, its shares and a bake among the protected settings: to leave one out or to cut it short is weaker. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DomainEvent, Environment, Settings } from '../../src/machine/events.ts';
import { protectedOf, weakened } from '../../src/machine/protected-settings.ts';
import { samples } from '../../src/machine/samples.ts';
import { digestOf } from '../../src/runtime/gates/trust.ts';
import { domainEvent } from '../../src/runtime/log/recorded.ts';
import type { RecordedEvent } from '../../src/store/log.ts';

const sample = samples['deploy.requested'];
const withoutCanary = sample.settings;
const target = { kind: 'command', name: 'acme-canary', settings: {} };
const canary = (over: Partial<Environment> = {}): Environment => ({
  ...withoutCanary.production,
  target,
  shares: null,
  bakeMs: 0,
  ...over,
});
const withCanary = (over: Partial<Environment> = {}): Settings => ({
  ...withoutCanary,
  canary: canary(over),
});
const differences = (before: Settings, after: Settings): string[] =>
  weakened(
    protectedOf({ ...sample, settings: before }),
    protectedOf({ ...sample, settings: after }),
  );

describe('what is weaker', () => {
  it.each<[string, Settings, Settings, string]>([
    [
      'no canary any more',
      withCanary(),
      withoutCanary,
      'canary: nothing is verified there any more',
    ],
    [
      'a canary in staging’s place',
      withoutCanary,
      { ...withCanary(), staging: null },
      'staging: nothing is verified there any more',
    ],
    [
      'a canary elsewhere',
      withCanary(),
      withCanary({ target: { ...target, name: 'acme-other' } }),
      'canary: command acme-canary became command acme-other',
    ],
    [
      'a share that is skipped',
      withCanary({ shares: [10, 50] }),
      withCanary({ shares: [50] }),
      'canary: 10%, 50% of the traffic became 50%',
    ],
    [
      'a first share that is larger',
      withCanary({ shares: [10] }),
      withCanary({ shares: [20] }),
      'canary: 10% of the traffic became 20%',
    ],
    [
      'shares that are gone',
      withCanary({ shares: [10, 50] }),
      withCanary({ shares: null }),
      'canary: 10%, 50% of the traffic became whatever the place takes',
    ],
    [
      'a shorter bake',
      withCanary({ bakeMs: 600_000 }),
      withCanary({ bakeMs: 599_999 }),
      'canary: bake 10m became 599999ms',
    ],
    [
      'no bake any more',
      withCanary({ bakeMs: 600_000 }),
      withCanary(),
      'canary: bake 10m became 0ms',
    ],
    [
      'a canary that cannot fail',
      withCanary(),
      withCanary({ verify: { ...canary().verify, waive: ['no-checks'] } }),
      'canary: no-checks is waived',
    ],
  ])('%s', (_, before, after, words) => {
    expect(differences(before, after)).toEqual([words]);
  });
});

describe('what is not weaker', () => {
  it.each<[string, Settings, Settings]>([
    ['a canary where there was none', withoutCanary, withCanary()],
    ['a share more', withCanary({ shares: [50] }), withCanary({ shares: [10, 50] })],
    ['shares where there were none', withCanary(), withCanary({ shares: [10] })],
    ['a bake', withCanary(), withCanary({ bakeMs: 1 })],
    ['a longer bake', withCanary({ bakeMs: 1_000 }), withCanary({ bakeMs: 2_000 })],
    ['staging before the canary', { ...withCanary(), staging: null }, withCanary()],
  ])('%s', (_, before, after) => {
    expect(differences(before, after)).toEqual([]);
  });
});

/** Of a log that was written before there were canaries. */
function goldenEvents(): readonly DomainEvent[] {
  const file = '../fixtures/logs/2/disabled-by-settings-then-accepted.jsonl';
  const lines = readFileSync(join(import.meta.dirname, file), 'utf8')
    .trim()
    .split('\n');
  const records = lines.map((line): RecordedEvent => JSON.parse(line));
  return records.filter(({ stream }) => stream.startsWith('deploy/')).map(domainEvent);
}

describe('settings without a canary', () => {
  it('keep the digest that they had before there were any', () => {
    const digests = new Set<string>();
    let request: DomainEvent | null = null;
    for (const event of goldenEvents()) {
      if (event.type === 'deploy.requested') request = event;
      if (event.type !== 'production.disabled' || request?.type !== 'deploy.requested') continue;
      expect(digestOf(protectedOf(request.data))).toBe(event.data.distrust?.digest);
      digests.add(event.data.distrust?.digest ?? '');
    }
    expect(digests.size).toBeGreaterThan(0);
  });

  it('from before there were any have none, no shares and no bake', () => {
    const [request] = goldenEvents();
    if (request?.type !== 'deploy.requested') throw new Error('the log begins otherwise');
    const { staging, canary, production } = request.data.settings;
    expect(canary).toBeNull();
    for (const environment of [staging, production]) {
      expect(environment).toMatchObject({ shares: null, bakeMs: 0, timeoutMs: 1_800_000 });
    }
  });

  it('from before there were any are weakened by none of what is new', () => {
    const [request] = goldenEvents();
    if (request?.type !== 'deploy.requested') throw new Error('the log begins otherwise');
    const before = protectedOf(request.data);
    const { settings } = request.data;
    const more = { ...settings, canary: { ...settings.production, target } };
    expect(weakened(before, protectedOf({ ...request.data, settings: more }))).toEqual([]);
    expect(JSON.stringify(before)).not.toMatch(/canary|bake|shares/);
  });
});
