/** What a step tells GitHub Actions: read back as the runner reads it, whatever texts of others are in it. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  type Annotation,
  annotationLine,
  outputLines,
  summaryBytesMax,
} from '../../../src/cli/ci/actions.ts';
import {
  annotationOf,
  outputsOf,
  type ToldEvent,
  type ToldRun,
  verdictOf,
} from '../../../src/cli/ci/told-run.ts';
import { jobSummary } from '../../../src/cli/render/job-summary.ts';
import type { DomainEvent } from '../../../src/machine/events.ts';
import { samples } from '../../../src/machine/samples.ts';
import { nextFor } from '../../../src/machine/state-facts.ts';
import { codePoint, fc } from '../../fast-check.ts';
import { sample } from '../../machine/samples.ts';

const messy = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.string({ unit: codePoint, maxLength: 12 }),
      fc.constantFrom(
        '\n',
        '\r\n',
        '\r',
        '::error::x',
        '##[error]x',
        '%0A',
        '%',
        ':',
        ',',
        'x<<END',
        '\nEND\n',
      ),
      fc.constantFrom(
        '</details>',
        '```',
        '`',
        '<img src=x onerror=y>',
        '](http://evil.test)',
        '\n# ',
        '| a |',
        '-->',
      ),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

/** A step's output file as the runner reads it (actions/runner, FileCommandManager.cs): a line ends at LF only. */
function readOutputs(file: string): Record<string, string> {
  const read: Record<string, string> = {};
  const lines = file.split('\n');
  expect(lines.pop()).toBe('');
  while (lines.length > 0) {
    const head = lines.shift() ?? '';
    if (head === '') continue;
    const [equals, arrows] = [head.indexOf('='), head.indexOf('<<')];
    if (equals >= 0 && (arrows < 0 || equals < arrows)) {
      read[head.slice(0, equals)] = head.slice(equals + 1);
      continue;
    }
    if (arrows < 0) throw new Error(`invalid format: ${head}`);
    const end = lines.indexOf(head.slice(arrows + 2));
    if (end < 0) throw new Error('the delimiter was not found');
    read[head.slice(0, arrows)] = lines
      .splice(0, end + 1)
      .slice(0, -1)
      .join('\n');
  }
  return read;
}

/** A line as the runner reads it (actions/runner, ActionCommand.cs); null: it is no command. */
function readCommand(line: string): (Annotation & { readonly rest: string }) | null {
  const [, level, properties = '', data = ''] =
    /^\s*::(\w+)(?: ([\s\S]*?))?::([\s\S]*)$/.exec(line) ?? [];
  if (level === undefined) return null;
  const plain = (text: string, more: readonly (readonly [string, string])[] = []) =>
    [...more, ['%0D', '\r'] as const, ['%0A', '\n'] as const, ['%25', '%'] as const].reduce(
      (read, [from, to]) => read.replaceAll(from, to),
      text,
    );
  const fields = Object.fromEntries(
    properties.split(',').map((one) => {
      const at = one.indexOf('=');
      return [
        one.slice(0, at),
        plain(one.slice(at + 1), [
          ['%3A', ':'],
          ['%2C', ','],
        ]),
      ];
    }),
  );
  const { title = '', ...rest } = fields;
  const message = plain(data);
  return { level: level as Annotation['level'], title, message, rest: Object.keys(rest).join() };
}

describe('outputs', () => {
  it('come out as they went in, whatever they hold', () => {
    fc.assert(
      fc.property(messy, messy, (state, release) => {
        const outputs = { state, release, commit: '' };
        const file = outputLines(outputs, () => `lockstep-${randomUUID()}`);
        expect(readOutputs(`before=1\n${file}`)).toEqual({ before: '1', ...outputs });
      }),
    );
  });

  it('are given another delimiter where a value has the first one in it', () => {
    const delimiters = ['END', 'END', 'OTHER'];
    const file = outputLines({ state: 'a\nEND\nb' }, () => delimiters.shift() ?? '');
    expect(readOutputs(file)).toEqual({ state: 'a\nEND\nb' });
  });
});

describe('an annotation', () => {
  it('is one line and one command, whatever it says', () => {
    fc.assert(
      fc.property(
        messy,
        messy,
        fc.constantFrom('error' as const, 'warning' as const),
        (title, message, level) => {
          const line = annotationLine({ level, title, message });
          expect(line).not.toMatch(/[\r\n]/);
          const read = readCommand(line);
          expect(read).toEqual({ level, title, message, rest: '' });
        },
      ),
    );
  });

  it('is cut where the runner would cut it, before it is escaped', () => {
    const read = readCommand(
      annotationLine({ level: 'error', title: 't', message: '%'.repeat(9_000) }),
    );
    expect(read?.message).toBe(`${'%'.repeat(4_095)}…`);
  });
});

const request = samples['deploy.requested'];
const begun: readonly (readonly [DomainEvent, string])[] = [
  [{ type: 'deploy.requested', data: request }, 'queued.waiting'],
  [sample('lock.acquired'), 'locked'],
  [sample('deploy.observed'), 'deployingStaging.submitting'],
  [sample('staging.submitted'), 'deployingStaging.following'],
  [sample('staging.verified'), 'verifying'],
];
const live: typeof begun = [
  ...begun,
  [sample('production.submitted'), 'production.deploying.following'],
  [sample('production.deployed'), 'production.deploying.settling'],
  [sample('production.verified'), 'production.live'],
];

function told(
  events: typeof begun,
  exit: number,
  { isInterrupted = false }: { isInterrupted?: boolean } = {},
): ToldRun {
  const all = events.map(
    ([event, state], at): ToldEvent => ({
      ...{ event, state },
      time: new Date(Date.parse('2026-01-05T13:00:00Z') + at * 61_000).toISOString(),
    }),
  );
  const [first, ...rest] = all;
  if (first === undefined) throw new Error('there is no event');
  const state = all.at(-1)?.state ?? '';
  const deploy = '502-1a5f89db';
  const next = nextFor(state, deploy);
  return {
    deploy,
    state,
    exit,
    isInterrupted,
    next,
    events: [first, ...rest],
    head: 'log head 0@8',
  };
}

const runs = {
  live: told(live, 0),
  failed: told([...begun, [sample('deploy.failed'), 'failed']], 1),
  'held by a rollback': told([...begun, [sample('production.held'), 'blockedByRollback']], 0),
  disabled: told([...begun, [sample('production.disabled'), 'disabled']], 0),
  superseded: told([...begun, [sample('deploy.superseded'), 'superseded']], 0),
  'that gave up waiting': told(
    [...begun.slice(0, 1), [sample('lock.waitTimedOut'), 'queued.gaveUp']],
    3,
  ),
  interrupted: told([...begun, [sample('run.interrupted'), 'verifying']], 143, {
    isInterrupted: true,
  }),
} as const;

describe('a run', () => {
  it.each([
    ['live', 'live', null],
    ['failed', 'failed', 'error'],
    ['held by a rollback', 'held', 'warning'],
    ['disabled', 'held', 'warning'],
    ['superseded', 'over', null],
    ['that gave up waiting', 'failed', 'error'],
    ['interrupted', 'interrupted', null],
  ] as const)('%s is %s, with an annotation: %s', (name, verdict, level) => {
    const run = runs[name];
    expect(verdictOf(run)).toBe(verdict);
    expect(annotationOf(run)?.level ?? null).toBe(level);
    if (level === null || run.next === null) return;
    expect(annotationOf(run)?.message).toContain(run.next);
  });

  it('that failed says in its annotation’s title whether production was given the commit', () => {
    const step = 'checkProductionHealth';
    const failed = told([...live, [sample('deploy.failed', { step }), 'failed']], 1);
    expect(annotationOf(failed)?.title).toBe('502-1a5f89db: failed in production (v42)');
    expect(annotationOf(failed)?.message).toContain('pipeline rollback --reason');
    expect(annotationOf(runs.failed)?.title).toBe('502-1a5f89db: not deployed to production');
  });

  it('tells later steps its state, its deploy, what production was given, and the commit', () => {
    const { sha: commit } = request.commit;
    const deploy = '502-1a5f89db';
    expect(outputsOf(runs.live)).toEqual({
      state: 'production.live',
      deploy,
      release: 'v42',
      commit,
    });
    expect(outputsOf(runs.failed)).toEqual({ state: 'failed', deploy, release: '', commit });
  });

  it('is summed up: how it ended, what ships, its way, what was checked', () => {
    const text = jobSummary(runs.live, summaryBytesMax);
    expect(text).toMatch(/^## acme\\-web 502: ✅ live$/m);
    expect(text).toContain('[502](<https://circleci.com/gh/acme/web/502>)');
    expect(text).toContain('### What ships: 2 commits');
    expect(text).toContain('[7c3d2e1f](<https://github.com/acme/web/commit/7c3d2e1f');
    expect(text).toContain(
      'queued \\(1m01s\\) → locked \\(1m01s\\) → deployingStaging \\(2m02s\\) → verifying \\(1m01s\\) → production',
    );
    expect(text).toContain('<details><summary>8 events</summary>');
    expect(text).toContain('- staging is healthy\\: v12 up for 10s');
    expect(text).toContain('log head 0\\@8');
  });

  const observed = (count: number, from = 0) => {
    const { notes } = samples['deploy.observed'];
    const titles = Array.from({ length: count }, (_, at) => `Change ${from + at}`);
    const commits = titles.map((title) => ({ ...notes.commits[0], title }));
    return sample('deploy.observed', {
      notes: { ...notes, commits: commits as typeof notes.commits, omitted: 0 },
    });
  };

  it('says what ships as it was seen last', () => {
    const again = [observed(3), 'locked'] as const;
    const [asked, ...rest] = live;
    if (asked === undefined) throw new Error('it was asked for');
    const text = jobSummary(told([asked, ...rest, again], 0), summaryBytesMax);
    expect(text).toContain('### What ships: 3 commits');
  });

  it('leaves the oldest commits out first', () => {
    const events = live.map(([event, state]): (typeof live)[number] =>
      event.type === 'deploy.observed' ? [observed(100), state] : [event, state],
    );
    const text = jobSummary(told(events, 0), 8_000);
    expect(text).toContain('Change 99');
    expect(text).not.toContain('Change 0 ');
    expect(text).toMatch(/^- \d+ earlier commits$/m);
  });

  it('says of each check what was found, of what had to hold for a while, too', () => {
    const events = [...live, [sample('production.baked'), 'production.live']] as typeof live;
    const [, checked] = jobSummary(told(events, 0), summaryBytesMax).split('### What was checked');
    expect(checked).toContain('staging is healthy');
    expect(checked).toContain('production is healthy');
    expect(checked).toMatch(/baked for/);
  });

  it('shows where production is seen, and no other place as that', () => {
    const [first, ...rest] = live;
    if (first?.[0].type !== 'deploy.requested') throw new Error('it was asked for');
    const { settings } = request;
    const { endpoints = [] } = settings.staging?.verify ?? {};
    const production = {
      ...settings.production,
      verify: {
        ...settings.production.verify,
        endpoints: endpoints.map((one) => ({ ...one, url: 'https://www.acme.test/up' })),
      },
    };
    const data = { ...request, settings: { ...settings, production } };
    const text = jobSummary(told([[{ ...first[0], data }, first[1]], ...rest], 0), summaryBytesMax);
    expect(text).toContain('[production](<https://www.acme.test/>)');
    expect(jobSummary(runs.live, summaryBytesMax)).not.toContain('[production]');
  });

  it('shows what nobody would see', () => {
    const commit = { ...request.commit, title: 'Sort\u202e the \u0007list' };
    const [, ...rest] = live;
    const asked: (typeof live)[number] = [
      { type: 'deploy.requested', data: { ...request, commit } },
      'queued.waiting',
    ];
    const text = jobSummary(told([asked, ...rest], 0), summaryBytesMax);
    for (const unseen of ['\u202e', '\u0007']) expect(text).not.toContain(unseen);
    expect(text.replaceAll('\\', '')).toContain('u202e the u0007list');
  });

  it.each(['failed', 'held by a rollback', 'disabled'] as const)(
    '%s says in its summary what to type',
    (name) => {
      const text = jobSummary(runs[name], summaryBytesMax).replace(/\\([!-/:-@[-`{-~])/g, '$1');
      expect(text).toContain(runs[name].next);
      expect(text).toContain('502-1a5f89db');
    },
  );

  const lineOf = (text: string) => text.split('\n');

  it('has a summary of the same lines whatever titles, authors and answers are called', () => {
    const calm = lineOf(jobSummary(runs.live, summaryBytesMax)).map((line) => line.slice(0, 3));
    fc.assert(
      fc.property(messy, messy, messy, (title, author, url) => {
        const { notes } = samples['deploy.observed'];
        const commits = notes.commits.map((one) => ({ ...one, title, author }));
        const commit = { ...request.commit, title, author };
        const checked = [
          { url: url.replace(/[\n?#]/g, ''), status: 200, attempts: 1, revision: null },
        ];
        const odd = live.map(([event, state]): (typeof live)[number] => {
          switch (event.type) {
            case 'deploy.requested':
              return [{ ...event, data: { ...request, commit } }, state];
            case 'deploy.observed':
              return [sample('deploy.observed', { notes: { ...notes, commits } }), state];
            case 'production.verified':
              return [sample('production.verified', { endpoints: checked }), state];
            default:
              return [event, state];
          }
        });
        const lines = lineOf(jobSummary(told(odd, 0), summaryBytesMax));
        // The second line of all is the title itself.
        const [, , , ...rest] = lines.map((line) => line.slice(0, 3));
        expect(rest).toEqual(calm.slice(3));
        const ours =
          /^(## .*|### .*|<details><summary>8 events<\/summary>|<\/details>|<sub>.*<\/sub>)$/;
        for (const line of lines.filter((one) => !ours.test(one))) {
          expect(
            line.replace(/\\[!-/:-@[-`{-~]/g, '').replace(/\]\(<[^<>\s]*>\)/g, ']'),
          ).not.toMatch(/[<>`*_#]/);
        }
      }),
    );
  });

  it('shows a failure’s own lines as they are, and none of them ends their block', () => {
    const message = 'line one\n```\n# no heading\n````\nlast';
    const { failure } = samples['deploy.failed'];
    const failed = sample('deploy.failed', {
      failure: { ...failure, message: `${'x'.repeat(400)}\n${message}` },
    });
    const text = jobSummary(told([...begun, [failed, 'failed']], 1), summaryBytesMax);
    const [, block] = /^`{5}text\n([\s\S]*?)\n`{5}$/m.exec(text) ?? [];
    expect(block).toContain(message);
  });

  it('is summed up within what GitHub shows, and says how many commits it leaves out', () => {
    const { notes } = samples['deploy.observed'];
    const [one] = notes.commits;
    const many = Array.from({ length: 250 }, () => ({ ...one, title: '_'.repeat(1_000) }));
    const observed = sample('deploy.observed', {
      notes: { ...notes, commits: many as typeof notes.commits, omitted: 5 },
    });
    const events = live.map(([event, state]): (typeof live)[number] =>
      event.type === 'deploy.observed' ? [observed, state] : [event, state],
    );
    const text = jobSummary(told(events, 0), 100_000);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(100_000);
    expect(text).toContain('### What ships: 255 commits');
    const listed = text.match(/^- \[7c3d2e1f\]/gm)?.length ?? 0;
    expect(listed).toBeGreaterThan(20);
    expect(text).toContain(`- ${255 - listed} earlier commits`);
    expect(jobSummary(told(events, 0), 100)).toBe('');
  });
});

it('the release of a step’s outputs is the one that production was given last', () => {
  const { release } = samples['production.deployed'];
  const deployed = (version: string) =>
    sample('production.deployed', { release: { ...release, version } });
  const told = (...rest: DomainEvent[]): ToldRun => ({
    ...{ deploy: '502-1a5f89db', state: 'production.live', exit: 0, isInterrupted: false },
    ...{ next: null, head: 'log head 00@1' },
    events: [
      { type: 'deploy.requested', data: samples['deploy.requested'] } as DomainEvent,
      ...rest,
    ].map((event): ToldEvent => ({ event, time: '2026-01-05T13:04:05.678Z', state: null })) as [
      ToldEvent,
      ...ToldEvent[],
    ],
  });
  expect(outputsOf(told()).release).toBe('');
  expect(outputsOf(told(deployed('v41'), sample('deploy.failed'))).release).toBe('v41');
  expect(outputsOf(told(deployed('v41'), deployed('v42'))).release).toBe('v42');
});
