/** What Slack is told: every step, notes whole and harmless, nobody called but for a failure. */

import { describe, expect, it } from 'vitest';
import type { DeployEvents } from '../../../../src/effects/channels/channel.ts';
import { type SlackMessage, textOf } from '../../../../src/effects/channels/slack/blocks.ts';
import {
  deployMessage,
  type StepOptions,
  stepMessages,
} from '../../../../src/effects/channels/slack/messages.ts';
import { orderMessage } from '../../../../src/effects/channels/slack/orders.ts';
import type {
  DomainEvent,
  EventType,
  NoteCommit,
  ReleaseNotes,
} from '../../../../src/machine/events.ts';
import { samples } from '../../../../src/machine/samples.ts';
import { tell } from '../../../../src/machine/story.ts';
import { replaceUnseen } from '../../../../src/redaction/unseen.ts';
import { faultOf } from '../../../../src/sandbox/slack/limits.ts';
import { fc } from '../../../fast-check.ts';
import { orderSamples } from '../../../machine/order-samples.ts';
import { sample, variants } from '../../../machine/samples.ts';
import { mentionsIn, seen } from './server.ts';

const oncall = '<!subteam^S0ONCALL>';
const requested = { type: 'deploy.requested', data: samples['deploy.requested'] } as const;
const after = (event: DomainEvent): DeployEvents =>
  event.type === 'deploy.requested' ? [event] : [requested, event];
const everything: DomainEvent[] = [
  ...(Object.keys(samples) as EventType[]).map((type) => sample(type)),
  ...variants,
];
const cases = everything.map((event) => [event.type, event] as const);
const textsOf = ({ text, blocks }: SlackMessage): string[] => [text, ...blocks.map(textOf)];
const allText = (messages: readonly SlackMessage[]): string =>
  messages.flatMap(({ blocks }) => blocks.map(textOf)).join('\n');

const notesOf = (commits: readonly NoteCommit[], more: Partial<ReleaseNotes> = {}): DomainEvent =>
  sample('deploy.observed', {
    notes: { ...samples['deploy.observed'].notes, ...more, commits: [...commits] },
  });
const commitOf = (title: string, body: string): NoteCommit => ({
  sha: '7c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d',
  title,
  body,
  author: 'Bo Chen',
  url: 'https://github.com/acme/web/commit/7c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d',
});
const step = (event: DomainEvent, mode: 'bot' | 'webhook' = 'bot') =>
  stepMessages(after(event), { mode, oncall });

describe('stepMessages', () => {
  it.each(cases)('tells %s, by webhook too, within Slack’s limits', (_, event) => {
    const { headline } = tell(event);
    for (const mode of ['bot', 'webhook'] as const) {
      const messages = step(event, mode);
      // What a deploy begins with is the message itself; its steps are told in the thread.
      if (mode === 'bot' && event.type === 'deploy.requested' && event.data.override === null)
        expect(messages).toEqual([]);
      else expect(seen(allText(messages))).toContain(headline);
      for (const message of messages) {
        expect(faultOf({ ...message }, 'bot')).toBeNull();
        expect(seen(message.text)).toBe(`acme-web 502: ${headline}`);
      }
    }
  });

  const isConcern = (event: DomainEvent): boolean =>
    event.type === 'deploy.failed' ||
    (event.type === 'deploy.superseded' &&
      event.data.cause === 'diverged' &&
      event.data.stuck?.first === true);

  it('has a lane that is stuck, told first and told again, among what it is asked for', () => {
    expect(everything.filter(isConcern)).toHaveLength(2);
  });

  it.each(cases)('calls who is on call for %s only if it is a concern, and once', (_, event) => {
    const mentions = step(event, 'webhook').flatMap((message) =>
      textsOf(message).flatMap(mentionsIn),
    );
    expect(mentions).toEqual(isConcern(event) ? [oncall] : []);
  });

  it('calls nobody where nobody is on call', () => {
    const [message] = stepMessages(after(sample('deploy.failed')), { mode: 'bot', oncall: null });
    expect(textsOf(message as SlackMessage).flatMap(mentionsIn)).toEqual([]);
  });

  it('shows a failure, a hold and a closed gate in the channel, not in the thread alone', () => {
    for (const type of ['deploy.failed', 'production.held', 'production.disabled'] as const) {
      expect(step(sample(type))[0]?.broadcast).toBe(true);
    }
    for (const type of ['staging.verified', 'production.verified', 'lock.acquired'] as const) {
      expect(step(sample(type))[0]?.broadcast).toBeUndefined();
    }
  });

  it('shows of a failure that takes several messages the first one there, and no other', () => {
    const { failure } = samples['deploy.failed'];
    const long = { ...failure, message: 'it is down. '.repeat(2_000) };
    const [first, ...others] = step(sample('deploy.failed', { failure: long }));
    expect(first?.broadcast).toBe(true);
    expect(others.length).toBeGreaterThan(0);
    for (const one of others) expect(one.broadcast).toBeUndefined();
  });

  it('names the deploy in each message of a webhook, with links to its build and commit', () => {
    const text = allText(step(sample('staging.instancesUp'), 'webhook'));
    expect(text).toContain('*acme-web* build <https://circleci.com/gh/acme/web/502|502>');
    expect(text).toContain(
      `<https://github.com/acme/web/commit/${requested.data.commit.sha}|1a5f89db>`,
    );
  });

  it('gives the hint of a failure', () => {
    expect(allText(step(sample('deploy.failed')))).toContain('curl -i https://staging.acme.test/');
  });
});

describe('steps that are told in one', () => {
  const folded = [requested, ...everything];

  it.each(['bot', 'webhook'] as const)(
    'are all there, each with what it says, beneath the last one, by a %s',
    (mode) => {
      const history: DeployEvents = [requested, ...everything, sample('deploy.failed')];
      const messages = stepMessages(history, { mode, oncall, folded });
      // Slack’s blocks break lines, too.
      const flat = (words: string): string => words.replace(/\s+/g, ' ').trim();
      const text = flat(seen(allText(messages)));
      const [, before = ''] = text.split('Before that:');
      let at = 0;
      for (const event of folded) {
        const { headline, detail } = tell(event);
        const place = before.indexOf(flat(headline), at);
        expect(place).toBeGreaterThanOrEqual(0);
        at = place + flat(headline).length;
        if (event.type !== 'deploy.observed')
          expect(before.slice(at)).toContain(flat(detail ?? ''));
      }
      for (const { title, body } of samples['deploy.observed'].notes.commits) {
        expect(text).toContain(title);
        expect(text).toContain(flat(body));
      }
      for (const message of messages) {
        expect(faultOf({ ...message }, 'bot')).toBeNull();
        expect(seen(message.text)).toContain(tell(sample('deploy.failed')).headline);
      }
      // Only the last of them calls anybody.
      expect(messages.flatMap((one) => textsOf(one).flatMap(mentionsIn))).toEqual([oncall]);
    },
  );

  it.each(cases)(
    'keep their release notes where %s, the last one, has the team’s own words',
    (type, event) => {
      const observed = sample('deploy.observed');
      const history: DeployEvents = [requested, observed, event];
      const templates = { [type]: 'Our own words' };
      const text = allText(
        stepMessages(history, {
          mode: 'webhook',
          oncall,
          templates,
          folded: [requested, observed],
        }),
      );
      expect(text).toContain('Our own words');
      for (const { title } of samples['deploy.observed'].notes.commits)
        expect(text).toContain(title);
    },
  );

  it('say so where Slack could not be told in time', () => {
    const options = { mode: 'webhook', oncall, folded: [requested] } as const;
    const told = (isLate: boolean) =>
      allText(stepMessages(after(sample('lock.acquired')), { ...options, isLate }));
    expect(told(false)).toContain('Before that:\n⏳ queued');
    expect(told(true)).toContain(
      'Before that, in one because Slack could not be told in time:\n⏳ queued',
    );
  });
});

describe('release notes', () => {
  it('have title, whole message, author and a link for each commit', () => {
    const text = allText(step(sample('deploy.observed')));
    const { commits } = samples['deploy.observed'].notes;
    for (const { title, body, author, sha, url } of commits) {
      expect(text).toContain(`<${url}|${sha.slice(0, 8)}> ${title} — ${author}`);
      expect(text).toContain(body);
    }
  });

  it('bring any text whole, within limits and without an active mention', () => {
    const messy = fc
      .array(
        fc.oneof(
          fc.string({ unit: 'grapheme', maxLength: 300 }),
          fc.constantFrom('<!channel>', '<@U012AB3CD>', '<http://evil.test|here>', '\n\n', '🚀'),
          fc.constantFrom('word '.repeat(700), '<&>'.repeat(400), '👩‍👩‍👧'.repeat(400)),
        ),
        { maxLength: 6 },
      )
      // They become U+FFFD.
      .map((parts) => replaceUnseen(parts.join(''), (one) => (one === '\n' ? one : '')));
    fc.assert(
      fc.property(fc.array(fc.tuple(messy, messy), { maxLength: 4 }), (texts) => {
        const messages = step(notesOf(texts.map(([title, body]) => commitOf(title, body))));
        for (const message of messages) {
          expect(faultOf({ ...message }, 'bot')).toBeNull();
          for (const text of textsOf(message)) {
            expect(mentionsIn(text)).toEqual([]);
            expect(text.isWellFormed()).toBe(true);
          }
        }
        const blocks = messages.flatMap((message) => message.blocks.map(textOf));
        const arrived = seen(blocks.join('')).replace(/\s+/g, '');
        for (const [title, body] of texts) {
          expect(arrived.includes(`${title} — Bo Chen`.replace(/\s+/g, ''))).toBe(true);
          expect(arrived.includes(body.replace(/\s+/g, ''))).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('bring a message of 10,000 characters word for word', () => {
    const body = Array.from({ length: 1_000 }, (_, i) => `line ${i} <b>`)
      .join('\n')
      .slice(0, 9_999)
      .concat('!');
    const messages = step(notesOf([commitOf('Long', body)]));
    const blocks = messages.flatMap((message) => message.blocks.map(textOf));
    expect(seen(blocks.join('')).includes(body)).toBe(true);
  });

  it('say how many commits are not listed, with a link to all of them', () => {
    const text = allText(step(notesOf([commitOf('One', '')], { omitted: 12 })));
    expect(text).toMatch(
      /<https:\/\/github\.com\/acme\/web\/compare\/[^|]+\|… and 12 more commits>/,
    );
    expect(allText(step(notesOf([], { omitted: 1, compareUrl: null })))).toContain(
      '… and 1 more commit',
    );
  });

  it('that would fill the channel have titles only, and count what is beyond', () => {
    const long = Array.from({ length: 200 }, (_, i) => commitOf(`Change ${i}`, 'x'.repeat(9_000)));
    const titles = step(notesOf(long));
    expect(titles.length).toBeLessThanOrEqual(21);
    for (let i = 0; i < 200; i++) expect(allText(titles)).toContain(`Change ${i} —`);
    expect(allText(titles)).toContain('these are their titles');

    const many = step(
      notesOf(Array.from({ length: 3_000 }, (_, i) => commitOf(`Change ${i}`, ''))),
    );
    expect(many.length).toBeLessThanOrEqual(21);
    const listed = (allText(many).match(/Change \d+ —/g) ?? []).length;
    expect(allText(many)).toContain(
      `… and ${(3_000 - listed).toLocaleString('en-US')} more commits`,
    );
  });
});

describe('deployMessage', () => {
  it.each(cases)('stands within limits and calls nobody after %s', (_, event) => {
    const message = deployMessage(after(event));
    expect(faultOf({ ...message }, 'bot')).toBeNull();
    expect(textsOf(message).flatMap(mentionsIn)).toEqual([]);
    expect(seen(allText([message]))).toContain(tell(event).headline);
    expect(allText([message])).toContain('Greet people by name — Ana Lima');
  });

  it('says on whose word a deploy ships out of order', () => {
    const override = {
      actor: 'ana@acme.test',
      observed: 'claimed; ana on ws-7',
      reason: 'a fix <!here>',
    };
    const message = deployMessage([
      { type: 'deploy.requested', data: { ...requested.data, override } },
      sample('lock.acquired'),
    ]);
    expect(allText([message])).toContain(
      'ana@acme.test (claimed; ana on ws-7): a fix &lt;!here&gt;',
    );
  });
});

describe('a canary that is taken back', () => {
  const story: DeployEvents = [
    requested,
    sample('lock.acquired'),
    sample('canary.verified'),
    sample('deploy.failed', { step: 'bakeCanary' }),
    sample('canary.restored'),
  ];
  const told = (mode: 'bot' | 'webhook') =>
    story.flatMap((_, i) =>
      stepMessages(story.slice(0, i + 1) as unknown as DeployEvents, { mode, oncall }),
    );

  it.each(['bot', 'webhook'] as const)(
    'calls who is on call once, by the failure and not by the restoring: %s',
    (mode) => {
      const messages = told(mode);
      const calls = messages.filter((one) => textsOf(one).flatMap(mentionsIn).length > 0);
      expect(calls).toHaveLength(1);
      expect(allText(calls)).toContain('failed while baking on the canary');
      expect(messages.filter(({ broadcast }) => broadcast)).toHaveLength(1);
      expect(allText(messages.slice(-1))).toContain('the canary was taken back: it runs v8');
    },
  );

  it('leaves in the deploy’s own message why it ended, and that the canary is back', () => {
    const message = deployMessage(story);
    const text = seen(allText([message]));
    expect(text).toContain('🔴 failed while baking on the canary: E_ENDPOINT');
    expect(text).toContain('; the canary was taken back: it runs v8, what it ran before');
    expect(text).toContain('curl -i https://staging.acme.test/');
    expect(faultOf({ ...message }, 'bot')).toBeNull();
  });
});

describe('what Slack is told, whole', () => {
  const inWords = ({ text, blocks, broadcast }: SlackMessage): string =>
    [
      `${broadcast === true ? 'to all: ' : ''}${text}`,
      ...blocks.map((block) => `${block.type}: ${textOf(block)}`),
    ]
      .join('\n')
      .replaceAll(/^/gm, '  ');
  const observed = sample('deploy.observed');
  const failure: DeployEvents = [requested, observed, sample('deploy.failed')];
  const live: DeployEvents = [requested, observed, sample('production.verified')];
  const next = 'To ship it: pipeline resume 502-1a5f89db --reason "…"';
  const options = { mode: 'webhook', oncall } as const;
  const [commit] = samples['deploy.observed'].notes.commits;
  const mending = {
    time: '2026-01-05T13:04:05.000Z',
    follower: '503',
    mentions: new Map([[commit?.sha ?? '', '<@U0BO>']]),
  };
  const situations: readonly (readonly [string, DeployEvents, Partial<StepOptions>])[] = [
    ['where a bot tells it in its thread', failure, { mode: 'bot' }],
    ['where a webhook tells it', failure, {}],
    [
      'of a failure that was overtaken',
      failure,
      { ...mending, overtaken: '503-7c3d2e1f is live', next },
    ],
    ['of a failure, with what helps to mend it', failure, mending],
    [
      'of a failure in our own words',
      failure,
      { templates: { 'deploy.failed': 'Oh: {headline}' } },
    ],
    ['of a success, step by step', live, {}],
    ['of a success, in one line', live, { level: 'outcomes' }],
    ['of a success where only problems are told', live, { level: 'problems' }],
    ['of a success, with the log’s head', live, { head: 'head 7 is 1a2b' }],
    ['of what waits for a person', [requested, sample('production.held')], { next }],
    [
      'of what waits for a person, in the team’s own words',
      [requested, sample('production.held')],
      { templates: { 'production.held': 'Held' } },
    ],
    ['of several steps in one', failure, { folded: [requested, observed] }],
    ['of several steps in one, late', live, { folded: [requested, observed], isLate: true }],
    ['of an interrupted run', [requested, sample('run.interrupted')], { next }],
  ];

  it('is what it was: a change is seen in messages.txt', async () => {
    const told = [
      ...everything.map((event) => [
        event.type,
        ...[deployMessage(after(event)), ...step(event)].map(inWords),
      ]),
      ...situations.map(([name, history, more]) => [
        name,
        ...[deployMessage(history, more), ...stepMessages(history, { ...options, ...more })].map(
          inWords,
        ),
      ]),
      ...orderSamples.flatMap((order) =>
        [false, true].map((isLate) => [
          `${order.type}${isLate ? ', late' : ''}`,
          inWords(
            orderMessage({ order, lane: 'acme-web', time: '2026-01-05T13:04:05.000Z' }, isLate),
          ),
        ]),
      ),
    ];
    await expect(`${told.map((lines) => lines.join('\n')).join('\n\n')}\n`).toMatchFileSnapshot(
      'messages.txt',
    );
  });
});
