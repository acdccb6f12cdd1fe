/** The sentences: every event has one, and the ones read at 3 a.m. say who, what and what to do. */
import { describe, expect, it } from 'vitest';
import { parseEvent, type Step, steps } from '../../src/machine/codec.ts';
import {
  type DomainEvent,
  type EventType,
  eventSchemas,
  stuckIn,
} from '../../src/machine/events.ts';
import { samples } from '../../src/machine/samples.ts';
import { describeStep } from '../../src/machine/step-words.ts';
import { tell, tellStanding } from '../../src/machine/story.ts';
import { shortSha } from '../../src/machine/story-words.ts';
import { sample, variants } from './samples.ts';

const all: DomainEvent[] = [
  ...(Object.keys(samples) as EventType[]).map((type) => sample(type)),
  ...variants,
];

const { rollback } = samples['production.held'];
const { notes } = samples['deploy.observed'];
const failure = { code: 'E_GONE', message: 'it is gone', hint: null, details: {} };
const endpoint = { url: 'https://a.test/?token=x#y', status: 204, attempts: 1, revision: null };

/** What the other samples say nothing of. */
const rare: readonly DomainEvent[] = [
  sample('canary.submitted', { share: 10 }),
  ...(['production', 'somebody', null] as const).map((stays) =>
    sample('canary.restored', { release: null, stays }),
  ),
  ...(['restoreCanary', 'bakeProduction', 'observe'] as const).map((step) =>
    sample('deploy.failed', { step, failure }),
  ),
  sample('deploy.failed', {
    step: 'acquireLockToRestore',
    failure: { ...failure, message: `it is\n${'long '.repeat(70)}`, hint: 'Look there.' },
  }),
  sample('production.disabled', { switch: 'lane', by: null }),
  ...(['behind', 'older-artifact', 'unknown'] as const).map((kind) =>
    sample('production.held', {
      rollback: { ...rollback, kind, before: null, description: '', commit: null, at: 'yesterday' },
    }),
  ),
  ...['2026-01-05T13:04Z', '2026-01-05T13:04:05.678Z'].map((at) =>
    sample('production.held', { rollback: { ...rollback, at, description: 'a\n'.repeat(200) } }),
  ),
  sample('production.verified', { endpoints: [endpoint, endpoint], restarts: 1 }),
  sample('staging.baked', { rounds: 1, restarts: 0, endpoints: [] }),
  sample('staging.instancesUp', {
    instances: Array.from({ length: 12 }, (_, n) => ({ name: `web.${n}`, version: `v${n % 2}` })),
    waitedMs: 999,
  }),
  sample('deploy.observed', {
    production: { version: null, commit: null },
    notes: { ...notes, commits: [], omitted: 0, compareUrl: null },
  }),
  sample('deploy.observed', {
    notes: { ...notes, commits: Array(21).fill(notes.commits[0]), omitted: 4 },
  }),
  sample('gates.passed', { cursor: '7', killSwitch: { name: 'CD', state: 'not set', why: null } }),
  sample('lock.acquired', { waitedMs: 1_000 }),
];

describe('the samples', () => {
  it('are one of every type', () => {
    expect(Object.keys(samples).sort()).toEqual(Object.keys(eventSchemas).sort());
  });

  it.each(all.map((event) => [event.type, event] as const))('%s fits its schema', (_, event) => {
    expect(parseEvent(event.type, event.data)).toEqual(event);
  });
});

describe('tell', () => {
  it.each(all.map((event) => [event.type, event] as const))('has words for %s', (_, event) => {
    const { headline, detail, tone } = tell(event);
    for (const text of [headline, detail ?? '-']) {
      expect(text).not.toMatch(/undefined|\[object|\bnull\b|NaN|\(\)|\s\s/);
      expect(text.trim()).toBe(text);
      expect(text).not.toBe('');
    }
    expect(headline).not.toContain('\n');
    expect(['good', 'bad', 'neutral', 'waiting']).toContain(tone);
  });

  const sentences: readonly [DomainEvent, string][] = [
    [sample('deploy.requested'), 'queued: build 502 (1a5f89db) “Greet people by name” by Ana Lima'],
    [sample('lock.acquired'), 'took lane lock (token 3) after waiting 2m10s'],
    [sample('deploy.superseded'), 'superseded: build 504 (7c3d2e1f) is newer and ready to run'],
    [sample('deploy.observed'), 'production runs v41, 0f0a53bc; 2 commits to ship'],
    [sample('staging.submitted'), 'staging build 4f1c2d3e requested'],
    [sample('staging.instancesUp'), 'staging v12 is up after 8s: 2 instances (web.1, worker.1)'],
    [sample('staging.verified'), 'staging is healthy: v12 up for 10s, 1 endpoint is right'],
    [
      sample('production.held'),
      'held: production was rolled back (v41 "Rollback to v38" by ana@acme.test, 2026-01-05 13:04 UTC)',
    ],
    [
      sample('gates.passed'),
      'gates are open: order is right, no rollback holds, PRODUCTION_CD_ENABLED is true',
    ],
    [
      sample('gates.passed', {
        killSwitch: { name: 'PRODUCTION_CD_ENABLED', state: 'not set', why: null },
      }),
      'gates are open: order is right, no rollback holds, PRODUCTION_CD_ENABLED is not set, which means on outside of a CI',
    ],
    [
      sample('production.disabled'),
      'disabled: PRODUCTION_CD_ENABLED is not set; production ships only while it is true',
    ],
    [
      sample('production.disabled', {
        killSwitch: { name: 'SHIP', state: 'another value', why: 'it is empty' },
      }),
      'disabled: SHIP is not the word true (it is empty); production ships only while it is true',
    ],
    [
      sample('deploy.failed'),
      'failed while starting staging’s instances: E_ENDPOINT: https://staging.acme.test/ did not answer as it should within 2 min: status 500, not 200 (40 attempts)',
    ],
    [sample('lock.waitTimedOut'), 'gave up waiting: the lane was not free within 1h'],
    [
      sample('deploy.resumed'),
      'resumed by ana@acme.test (claimed; git identity Ana Lima <ana@acme.test>; ana on ws-7): fixed by #812',
    ],
  ];
  it.each(sentences)('tells %o', (event, sentence) => {
    expect(tell(event).headline).toBe(sentence);
  });

  it('tells every event as it did, to whoever has its deploy and to whoever has not: a change of words is seen in tellings.txt', async () => {
    const told = [...all, ...rare].flatMap((event) => {
      const both = [tell(event), tell(event, '502-1a5f89db')].map(({ headline, detail, tone }) => {
        const lines = (detail ?? '').split('\n').map((line) => `    ${line}`);
        return `${event.type} (${tone})\n  ${headline}\n${lines.join('\n')}`.trimEnd();
      });
      return [...new Set(both)];
    });
    await expect(`${told.join('\n')}\n`).toMatchFileSnapshot('tellings.txt');
  });

  it('tells of a stuck lane as a problem, with the commit that production runs and both ways out', () => {
    const [first, again] = variants.filter(
      (event) => event.type === 'deploy.superseded' && stuckIn(event) !== null,
    );
    for (const [event, begins] of [
      [first, 'stuck: '],
      [again, 'stuck still: '],
    ] as const) {
      const { headline, detail, tone } = tell(event as DomainEvent);
      expect(tone).toBe('bad');
      expect(headline.startsWith(begins)).toBe(true);
      expect(headline).toContain('(v41, 0f0a53bc)');
      expect(detail).toContain(`git merge ${samples['deploy.observed'].notes.base}`);
      expect(detail).toContain('pipeline advance --override --reason "…"');
    }
  });

  it('tells a failure’s hint as the detail, and the whole of a long message', () => {
    expect(tell(sample('deploy.failed')).detail).toBe(
      'See what it answers: curl -i https://staging.acme.test/',
    );
    for (const step of Object.keys(steps) as Step[]) {
      const { detail } = tell(sample('deploy.failed', { step }));
      const isChecked = /^(awaitProductionInstances|checkProductionHealth|bakeProduction)$/.test(
        step,
      );
      expect(detail?.includes('pipeline rollback --reason') ?? false, step).toBe(isChecked);
    }
    const message = `the build failed\n${'line\n'.repeat(100)}`;
    const failure = { ...samples['deploy.failed'].failure, message };
    const { headline, detail } = tell(sample('deploy.failed', { failure }));
    expect(headline).toContain('the build failed line');
    expect(headline.endsWith('…')).toBe(true);
    expect(detail).toContain(message);
  });

  it('never shows a query of an endpoint', () => {
    const endpoints = [
      { url: 'https://a.test/health?key=s3cret#x', status: 200, attempts: 1, revision: null },
    ];
    expect(tell(sample('staging.verified', { endpoints })).detail).toBe(
      '200 https://a.test/health',
    );
  });

  it('counts the commits that it does not list', () => {
    const { notes } = samples['deploy.observed'];
    const [commit] = notes.commits;
    const commits = Array.from({ length: 30 }, () => commit as NonNullable<typeof commit>);
    const event = sample('deploy.observed', { notes: { ...notes, commits, omitted: 5 } });
    expect(tell(event).headline).toContain('35 commits');
    expect(tell(event).detail?.split('\n')[0]).toBe('15 earlier commits, and');
  });

  it('cuts a long title between code points', () => {
    const commit = { ...samples['deploy.requested'].commit, title: '🚀'.repeat(300) };
    const { headline } = tell(sample('deploy.requested', { commit }));
    expect(headline.isWellFormed()).toBe(true);
    expect(headline).toContain('🚀…');
  });
});

describe('describeStep', () => {
  it('has words for every step of the codec, each its own', () => {
    const words = Object.keys(steps).map(describeStep);
    expect(new Set(words).size).toBe(Object.keys(steps).length);
    for (const step of Object.keys(steps)) expect(words).not.toContain(step);
  });

  it('gives back a name that it does not know', () => {
    expect(describeStep('constructor')).toBe('constructor');
  });
});

it('shortSha gives the first eight characters', () => {
  expect(shortSha(samples['deploy.requested'].commit.sha)).toBe('1a5f89db');
});

describe('tellStanding', () => {
  const before = [sample('deploy.requested'), sample('lock.acquired')] as const;
  const restored = sample('canary.restored');
  const back = 'the canary was taken back: it runs v8, what it ran before';
  const lost = sample('lock.lost', { to: '503-7c3d2e1f' });

  it.each([
    'deploy.failed',
    'production.held',
    'production.disabled',
    'deploy.superseded',
  ] as const)('says why a deploy ended, by %s, and that its canary was taken back', (type) => {
    const end = tell(sample(type));
    const told = tellStanding([...before, sample(type), sample('run.resumed'), restored]);
    expect(told).toEqual({ ...end, headline: `${end.headline}; ${back}` });
  });

  it('says why it ended last, whatever it had given up, or was held by, before', () => {
    for (const earlier of ['lock.waitTimedOut', 'production.held'] as const) {
      const told = tellStanding([...before, sample(earlier), sample('deploy.failed'), restored]);
      expect(told.headline).toBe(`${tell(sample('deploy.failed')).headline}; ${back}`);
    }
  });

  it('says so where the canary did not run the deploy', () => {
    const none = sample('canary.restored', { release: null });
    expect(tellStanding([...before, sample('deploy.failed'), none]).headline).toMatch(
      /; the canary does not run this deploy: nothing is to be taken back$/,
    );
  });

  it.each(['restoreCanary', 'acquireLockToRestore'])(
    'keeps why a deploy ended, and says beside it that its canary was not taken back: %s',
    (step) => {
      const { failure } = samples['deploy.failed'];
      const notBack = sample('deploy.failed', { step, failure });
      const reasons = [
        sample('production.held'),
        sample('lock.waitTimedOut'),
        sample('deploy.failed'),
      ];
      for (const why of [
        ...reasons,
        sample('deploy.failed', { failure: { ...failure, hint: null } }),
      ]) {
        const told = tellStanding([...before, why, sample('run.resumed'), notBack]);
        const beside = 'the canary was not taken back, and may still run the commit';
        expect(told.headline).toContain(`${tell(why).headline}; ${beside}: failed while `);
        const details = [tell(why), tell(notBack)].map(({ detail }) => detail);
        expect(told.detail).toBe(details.filter((detail) => detail !== null).join('\n'));
        expect(told.tone).toBe('bad');
      }
      expect(tell(notBack).detail).toContain('The canary may still run the commit.');
      expect(tell(sample('deploy.failed')).detail).not.toContain('canary');
    },
  );

  it('of a deploy that lost its lane says that it queues again', () => {
    expect(tellStanding([...before, lost])).toEqual(tell(lost));
    const resumed = [...before, sample('production.held'), restored, sample('deploy.resumed')];
    expect(tellStanding([...resumed, sample('lock.acquired'), lost] as never)).toEqual(tell(lost));
  });

  it('of any other event says what it says', () => {
    for (const event of all) {
      if (event.type === 'canary.restored') continue;
      expect(tellStanding([sample('deploy.requested'), event])).toEqual(tell(event));
    }
  });
});

describe('what became of a canary’s way back', () => {
  it.each([
    [null, 'neutral', 'does not run this deploy'],
    ['production', 'neutral', 'production runs the commit, too'],
    ['somebody', 'bad', 'by a release that is not known to be this deploy’s'],
  ] as const)('where nothing is released: %s', (stays, tone, words) => {
    const told = tell(sample('canary.restored', { release: null, stays }));
    expect(told).toMatchObject({ tone, headline: expect.stringContaining(words) });
  });
});

describe('what a run waits for', () => {
  it.each([
    ['bakeStaging', 'baking on staging'],
    ['bakeCanary', 'baking on the canary'],
    ['bakeProduction', 'baking in production'],
    ['submitCanary', 'submitting to the canary'],
    ['restoreCanary', 'taking the canary back'],
  ])('%s: %s', (step, words) => {
    expect(describeStep(step)).toBe(words);
  });
});
