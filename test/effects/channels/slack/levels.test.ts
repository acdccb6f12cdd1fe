/** What each level of Slack is told, an event and a level a row, and what such a message asks of people. */
import { describe, expect, it } from 'vitest';
import type { DeployEvents } from '../../../../src/effects/channels/channel.ts';
import { isSettled, nextFrom } from '../../../../src/effects/channels/news.ts';
import { type SlackMessage, textOf } from '../../../../src/effects/channels/slack/blocks.ts';
import { createSlackChannel } from '../../../../src/effects/channels/slack/channel.ts';
import {
  isTold,
  type Level,
  levels,
  mayBeTold,
} from '../../../../src/effects/channels/slack/level.ts';
import {
  deployMessage,
  type StepOptions,
  stepMessages,
} from '../../../../src/effects/channels/slack/messages.ts';
import { systemClock } from '../../../../src/effects/clock.ts';
import type { DomainEvent, EventType } from '../../../../src/machine/events.ts';
import { samples } from '../../../../src/machine/samples.ts';
import { nextFor, stateNames } from '../../../../src/machine/state-facts.ts';
import { tell } from '../../../../src/machine/story.ts';
import { faultOf } from '../../../../src/sandbox/slack/limits.ts';
import { sample, variants } from '../../../machine/samples.ts';
import { mentionsIn, seen } from './server.ts';

const deploy = '502-1a5f89db';
const requested = { type: 'deploy.requested', data: samples['deploy.requested'] } as const;
const endingIn = (...events: readonly DomainEvent[]): DeployEvents =>
  events[0]?.type === 'deploy.requested' ? [events[0], ...events.slice(1)] : [requested, ...events];
const allText = (messages: readonly SlackMessage[]): string =>
  messages.flatMap(({ blocks }) => blocks.map(textOf)).join('\n');
const oncall = '<!subteam^S0ONCALL>';

/** By hand: at which levels each event is told. What is told at one is told at those before it. */
const table: { readonly [T in EventType]: Level } = {
  'deploy.requested': 'steps',
  'run.resumed': 'steps',
  'run.interrupted': 'problems',
  'lock.acquired': 'steps',
  'lock.reacquired': 'steps',
  'lock.lost': 'steps',
  'lock.waitTimedOut': 'problems',
  'deploy.superseded': 'outcomes',
  'deploy.observed': 'steps',
  'production.found': 'steps',
  'staging.submitted': 'steps',
  'staging.released': 'steps',
  'staging.deployed': 'steps',
  'staging.instancesUp': 'steps',
  'staging.verified': 'steps',
  'staging.baked': 'steps',
  'canary.submitted': 'steps',
  'canary.released': 'steps',
  'canary.deployed': 'steps',
  'canary.instancesUp': 'steps',
  'canary.verified': 'steps',
  'canary.baked': 'steps',
  'canary.restored': 'outcomes',
  'gates.passed': 'steps',
  'production.held': 'problems',
  'production.disabled': 'problems',
  'production.submitted': 'steps',
  'production.released': 'steps',
  'production.deployed': 'steps',
  'production.instancesUp': 'steps',
  'production.verified': 'outcomes',
  'production.baked': 'outcomes',
  'deploy.failed': 'problems',
  'deploy.resumed': 'outcomes',
};
const person = samples['deploy.resumed'];
const release = { id: 'release-41', version: 'v41' };
const production = { version: 'v41', commit: 'a'.repeat(40) };
const stuck: DomainEvent = {
  type: 'deploy.superseded',
  data: {
    cause: 'diverged',
    step: 'observe',
    production,
    verified: true,
    stuck: { release, first: true },
  },
};
const rows: readonly (readonly [string, DomainEvent, Level])[] = [
  ...Object.entries(table).map(
    ([type, level]) => [type, sample(type as EventType), level] as const,
  ),
  ['an order out of order', sample('deploy.requested', { override: person }), 'outcomes'],
  ['a run that a person carries on', sample('run.resumed', { order: person }), 'outcomes'],
  ['production that has to bake', sample('production.verified', { bakeMs: 60_000 }), 'steps'],
  ['a lane that is stuck', stuck, 'problems'],
];
const told = rows.flatMap(([name, event, last]) =>
  levels.map((level) => ({
    name,
    event,
    level,
    isTold: levels.indexOf(level) <= levels.indexOf(last),
  })),
);

const step = (history: DeployEvents, options: Partial<StepOptions> = {}): SlackMessage[] =>
  stepMessages(history, { mode: 'webhook', oncall, ...options });

describe('at each level', () => {
  it.each(told)('$name at $level: $isTold', ({ event, level, isTold: is }) => {
    const messages = step(endingIn(event), { level });
    expect(messages.length > 0).toBe(is);
    expect(isTold(endingIn(event), level)).toBe(is);
    // What a channel never asks for cannot be told.
    if (is) expect(mayBeTold(event.type, level)).toBe(true);
    for (const message of messages) {
      expect(faultOf({ ...message }, 'bot')).toBeNull();
      expect(seen(message.text)).toBe(`acme-web 502: ${tell(event).headline}`);
      expect(seen(allText(messages))).toContain('acme-web');
    }
    // A bot has a thread that says of which deploy it is only where it tells each step.
    if (level !== 'steps') expect(step(endingIn(event), { level, mode: 'bot' })).toEqual(messages);
  });

  it.each(rows)('%s is told as live, in one line, only where production runs it', (_, event) => {
    const isLive =
      event.type === 'production.baked' ||
      event === rows.find(([type]) => type === 'production.verified')?.[1];
    const all = [deployMessage(endingIn(event)), ...step(endingIn(event), { level: 'outcomes' })];
    for (const message of all) {
      expect(allText([message]).includes('> is live: ')).toBe(isLive);
    }
  });

  it.each(['production.verified', 'deploy.superseded', 'deploy.resumed'] as const)(
    'of a deploy that had a problem, %s is told where only problems are',
    (type) => {
      const history = endingIn(sample('production.held'), sample('deploy.resumed'), sample(type));
      expect(step(history, { level: 'problems' })).not.toEqual([]);
      expect(step(endingIn(sample(type)), { level: 'problems' })).toEqual([]);
    },
  );
});

it('of more than two hundred deploys under way the oldest’s thread is forgotten, and never the one that is told', async () => {
  const place = { channel: 'C1', ts: '1.000001' };
  const slack = { mode: 'bot', post: async () => place, update: async () => {} } as never;
  const channel = createSlackChannel({ slack, oncall, clock: systemClock });
  const others = Array.from({ length: 200 }, (_, n) => `${n + 1_000}-aaaaaaaa`);
  const memory = { threads: Object.fromEntries(others.map((other) => [other, place])) };
  const news = {
    ...{ id: 'event-1', deploy, position: 1, version: 2, state: null, nextTime: null },
    ...{ time: new Date().toISOString(), history: endingIn(sample('lock.acquired')) },
  };
  const delivery = { memory, assertHeld: async () => {}, remember: async () => {} };
  const kept = await channel.deliver(news as never, delivery as never);
  expect(Object.keys(kept.threads as object)).toEqual([...others.slice(1), deploy]);
});

describe('what may wait for the next event', () => {
  const patienceOf = (more: Partial<Parameters<typeof createSlackChannel>[0]>) => {
    const slack = { mode: 'bot' } as never;
    const channel = createSlackChannel({ slack, oncall, clock: systemClock, ...more });
    return (event: DomainEvent, state: string | null): number =>
      channel.patienceMs?.(event, { deploy, state }) ?? 0;
  };

  it.each(rows)('of %s, only where it is a step', (_, event, last) => {
    const patience = patienceOf({});
    expect(patience(event, null)).toBe(last === 'steps' ? 5_000 : 0);
    for (const state of stateNames()) {
      const asks = isSettled({ state }) || nextFrom({ state, deploy }) !== null;
      expect(patience(event, state)).toBe(last === 'steps' && !asks ? 5_000 : 0);
    }
  });

  it('is nothing at a level that tells no steps, and nothing that the team has words for', () => {
    for (const [, event] of rows) {
      for (const level of ['outcomes', 'problems'] as const) {
        expect(patienceOf({ level })(event, null)).toBe(0);
      }
      expect(patienceOf({ templates: { [event.type]: '<!here> {headline}' } })(event, null)).toBe(
        0,
      );
    }
  });
});

const observed = sample('deploy.observed');
const asking: readonly (readonly [string, DomainEvent, string])[] = [
  ['a failure', sample('deploy.failed'), 'failed'],
  ['a rollback', sample('production.held'), 'blockedByRollback'],
  ['a switch', sample('production.disabled'), 'disabled'],
  ['a lock that was not free', sample('lock.waitTimedOut'), 'queued.gaveUp'],
  ['a signal', sample('run.interrupted'), 'verifying'],
  ...variants
    .filter(({ type }) => ['production.held', 'production.disabled'].includes(type))
    .map(
      (event) =>
        [
          tell(event).headline,
          event,
          event.type === 'production.held' ? 'blockedByRollback' : 'disabled',
        ] as const,
    ),
];

describe('a message that asks for something', () => {
  const own = Object.fromEntries(Object.keys(table).map((type) => [type, 'Ours.']));
  const shapes = levels.flatMap((level) =>
    [{}, own].flatMap((templates) =>
      asking.map(([name, event, state]) => ({ name, level, templates, event, state })),
    ),
  );
  it.each(shapes)(
    'has the command with the deploy’s id: $name at $level',
    ({ event, state, level, templates }) => {
      const history = endingIn(observed, event);
      const next = nextFor(state, deploy);
      const messages = [
        ...step(history, { level, templates, next }),
        deployMessage(history, { level, templates, next }),
      ];
      for (const message of messages) {
        const text = seen(allText([message]));
        expect(text).toMatch(/pipeline (resume|log) 502-1a5f89db/);
        expect(text).not.toMatch(/pipeline (resume|log|replay)(?! 502-1a5f89db)/);
        if (event.type !== 'deploy.failed')
          expect(text).toContain(`pipeline resume ${deploy} --reason "…"`);
      }
    },
  );
});

describe('a success', () => {
  const history = endingIn(observed, sample('production.deployed'), sample('production.verified'));
  const site = { ...samples['deploy.requested'] };
  const endpoint = {
    ...(site.settings.staging?.verify.endpoints[0] as object),
    url: 'https://www.acme.test/up?x=1',
  };
  const verify = { ...site.settings.production.verify, endpoints: [endpoint] };
  const settings = { ...site.settings, production: { ...site.settings.production, verify } };
  const withSite = [
    { type: 'deploy.requested', data: { ...site, settings } },
    ...history.slice(1),
  ] as unknown as DeployEvents;

  it('is one line: what shipped, with links to the changes and to production, and nobody is called', () => {
    const [message, ...others] = step(withSite, { level: 'outcomes' });
    expect(others).toEqual([]);
    expect(message?.broadcast).toBeUndefined();
    expect(message?.blocks.map(textOf)).toEqual([
      expect.stringMatching(
        /^✅ \*acme-web\* build <[^|]+\|502>, <[^|]+\|1a5f89db> is live: Greet people by name — Ana Lima and 1 more commit · <https:\/\/github\.com\/acme\/web\/compare\/[^|]+\|changes> · <https:\/\/www\.acme\.test\/\|production>$/,
      ),
    ]);
    expect(deployMessage(withSite, { level: 'outcomes' }).blocks).toEqual(message?.blocks);
  });

  it('has no link where nothing says where production is, and no more commits where there are none', () => {
    const one = endingIn(sample('production.verified'));
    const text = allText(step(one, { level: 'outcomes' }));
    expect(text).toMatch(/is live: Greet people by name — Ana Lima$/);
  });

  it('has what was checked beside it, small, where every step is told', () => {
    const [message] = step(history);
    expect(message?.blocks.map(({ type }) => type)).toEqual(['section', 'context']);
    expect(allText([message as SlackMessage])).toContain('live: production is healthy');
  });
});

describe('a hold', () => {
  it.each(['production.held', 'production.disabled'] as const)(
    'looks unlike a failure: %s',
    (type) => {
      const [held, failed] = [
        step(endingIn(sample(type))),
        step(endingIn(sample('deploy.failed'))),
      ];
      expect(allText(held)).toContain('⏸️');
      expect(allText(held)).not.toContain('🔴');
      expect(allText(held)).not.toContain(oncall);
      expect(allText([deployMessage(endingIn(sample(type)))])).toContain('⏸️');
      expect(allText(failed)).toContain('🔴');
      expect(allText(failed)).not.toContain('⏸️');
    },
  );
});

describe('a failure', () => {
  const history = endingIn(observed, sample('deploy.failed'));
  const mentions = new Map([[samples['deploy.observed'].notes.commits[0]?.sha ?? '', '<@U0BO>']]);
  const facts = { time: '2026-01-05T13:04:05.000Z', mentions, follower: '512' };

  it('says since when, where its log is, whose commits they are, and which build goes on without it', () => {
    const text = allText(step(history, facts));
    expect(text).toContain(
      'Since 2026-01-05 13:04:05Z · <https://circleci.com/gh/acme/web/502|the log of build 502>',
    );
    expect(text).toMatch(/• <[^|]+\|7c3d2e1f> Sort the list — Bo Chen <@U0BO>\n/);
    expect(text).toMatch(/• <[^|]+\|1a5f89db> Greet people by name — Ana Lima\n/);
    expect(text).toContain('The next one, 512, goes on without it.');
  });

  it('names the deploy’s own commit where nothing says what ships, and nothing that is not known', () => {
    const text = allText(step(endingIn(sample('deploy.failed'))));
    expect(text).toContain('• 1a5f89db Greet people by name — Ana Lima');
    expect(text).not.toMatch(/Since|next one/);
  });

  it('names ten commits, and counts the others', () => {
    const { notes } = samples['deploy.observed'];
    const many = Array.from({ length: 250 }, (_, at) => ({
      ...notes.commits[0],
      title: `Change ${at} ${'x'.repeat(1_000)}`,
    }));
    const long = sample('deploy.observed', {
      notes: { ...notes, commits: many as typeof notes.commits, omitted: 4 },
    });
    const messages = step(endingIn(long, sample('deploy.failed')), facts);
    for (const message of messages) expect(faultOf({ ...message }, 'bot')).toBeNull();
    expect(allText(messages).match(/Change \d+/g)).toHaveLength(10);
    expect(allText(messages)).toContain('• and 244 earlier commits');
  });

  it('that is overtaken mentions nobody and names no next one', () => {
    const messages = step(history, { ...facts, overtaken: '503-aaaaaaaa went live since then' });
    expect(messages.flatMap(({ blocks }) => blocks.map(textOf)).flatMap(mentionsIn)).toEqual([]);
    expect(allText(messages)).not.toContain('next one');
  });
});
