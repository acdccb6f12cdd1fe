/** The team's own words: what may be written, what comes of it, and that no value becomes more than text. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DeployEvents } from '../../../../src/effects/channels/channel.ts';
import { textOf } from '../../../../src/effects/channels/slack/blocks.ts';
import { deployMessage, stepMessages } from '../../../../src/effects/channels/slack/messages.ts';
import {
  fillIn,
  templateFault,
  templateFields,
} from '../../../../src/effects/channels/slack/templates.ts';
import { samples } from '../../../../src/machine/samples.ts';
import { leastConfig, loadText } from '../../../cli/config/config-text.ts';
import { fc } from '../../../fast-check.ts';
import { sample } from '../../../machine/samples.ts';
import { toldFailureOf } from '../../lockstep-error.ts';
import { mentionsIn, seen } from './server.ts';

const request = samples['deploy.requested'];
const history: DeployEvents = [
  { type: 'deploy.requested', data: request },
  sample('deploy.observed'),
  sample('production.verified'),
];

describe('a template', () => {
  it('brings every field', () => {
    const values = { history, next: 'pipeline log 502-1a5f89db' };
    const text = templateFields.map((name) => `${name}=[{${name}}]`).join(' ');
    expect(templateFault(text)).toBeNull();
    const filled = fillIn(text, values);
    expect(filled).toMatch(
      /lane=\[acme-web\] branch=\[master\] deploy=\[502-1a5f89db\] build=\[502\] buildUrl=\[https:/,
    );
    expect(filled).toContain('commit=[1a5f89db] title=[Greet people by name] author=[Ana Lima]');
    expect(filled).toContain('productionUrl=[] headline=[live: production is healthy');
    expect(filled).toContain('next=[pipeline log 502-1a5f89db]');
  });

  it('may have doubled braces, also around what is no field', () => {
    for (const text of ['{{', 'a }} b', '{{nothing}}', '{{{lane}}}']) {
      expect(templateFault(text)).toBeNull();
    }
    for (const text of ['{', 'a } b', '{{{', '{lane']) {
      expect(templateFault(text)).toBe('have {{ and }} for braces that are no field’s');
    }
    expect(fillIn('{{nothing}} {{', { history, next: null })).toBe('{nothing} {');
  });

  it('has braces where they are doubled, and the team’s own mrkdwn as it is', () => {
    const text = '<!here> {{{build}}} *{lane}* <{buildUrl}|log>';
    expect(fillIn(text, { history, next: null })).toBe(
      '<!here> {502} *acme-web* <https://circleci.com/gh/acme/web/502|log>',
    );
  });

  it('lets no value call anybody, link anywhere or end its place', () => {
    const odd = fc
      .array(
        fc.oneof(
          fc.string({ unit: 'grapheme', maxLength: 20 }),
          fc.constantFrom('<!channel>', '{next}', '{{', '<http://a|b>', '|>'),
        ),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(odd, odd, (title, author) => {
        const commit = { ...request.commit, title, author };
        const events: DeployEvents = [{ type: 'deploy.requested', data: { ...request, commit } }];
        const filled = fillIn('[{title}] by {author}', { history: events, next: 'NEXT' });
        expect(mentionsIn(filled)).toEqual([]);
        expect(filled).not.toContain('NEXT');
        expect(filled).not.toMatch(/[<>]/);
      }),
    );
  });

  it('takes the place of our words for its event, in each kind of message', () => {
    const templates = { 'production.verified': '🚀 {lane} {build} is out: {title}' };
    const [message] = stepMessages(history, { mode: 'webhook', oncall: null, templates });
    const words = '🚀 acme-web 502 is out: Greet people by name';
    expect(message?.text).toBe(words);
    expect(message?.blocks.map(textOf)).toEqual([words]);
    expect(deployMessage(history, { templates }).blocks.map(textOf)).toEqual([words]);
    const [other] = stepMessages(history.slice(0, 2) as unknown as DeployEvents, {
      mode: 'webhook',
      oncall: null,
      templates,
    });
    expect(seen(other?.text ?? '')).toContain('2 commits to ship');
  });
});

it('docs/slack.md has every field, and no other', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../../../docs/slack.md'), 'utf8');
  const [, table = ''] = page.split('| field | |\n');
  const named = [...table.matchAll(/^\| (`\{.*`) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
  );
  expect(named.toSorted()).toEqual([...templateFields].toSorted());
});

describe('messages: of pipeline.yml', () => {
  const config = (...lines: readonly string[]): string =>
    `${leastConfig}notify:\n  slack:\n    channel: '#deploys'\n    messages:\n${lines.map((line) => `      ${line}\n`).join('')}`;

  it('may be of every event', async () => {
    const { notify } = await loadText(
      config('deploy.failed: "{lane} broke"', '"production.held": "{next}"'),
    );
    expect(notify.slack).toMatchObject({
      level: 'steps',
      mentionAuthors: false,
      messages: { 'deploy.failed': '{lane} broke', 'production.held': '{next}' },
    });
  });

  it.each([
    [
      'deploy.failed: "{buildd} broke"',
      'notify.slack.messages.deploy.failed: has to have fields that there are, and {buildd} is none; did you mean {build}?',
    ],
    ['deploy.failed: "{secret}"', 'and {secret} is none; known are lane, branch, deploy'],
    ['deploy.failed: "a { b"', 'has to have {{ and }} for braces'],
    ['deploy.failed: " "', 'has to be words'],
    ['deploy.failed: 3', 'has to be a text'],
    [
      'deploy.faild: "x"',
      'unknown key notify.slack.messages.deploy.faild; did you mean deploy.failed?',
    ],
  ])('is refused, with where it stands, for %s', async (line, message) => {
    const error = await toldFailureOf(loadText(config('production.held: ok', line)));
    expect(error.code).toBe('E_CONFIG');
    expect(error.message).toContain(message);
    const [, place] = /^[^:]+:(\d+):/.exec(error.message) ?? [];
    expect(config('production.held: ok', line).split('\n')[Number(place) - 1]).toContain(line);
  });

  it('is refused for a level that there is not', async () => {
    const error = await toldFailureOf(
      loadText(`${leastConfig}notify:\n  slack: { channel: '#a', level: silent }\n`),
    );
    expect(error.message).toContain('notify.slack.level: has to be steps or outcomes or problems');
  });
});
