/** Authors by their addresses: each asked once, and none any more where Slack does not tell. */
import { expect, it } from 'vitest';
import { Authors } from '../../../../src/effects/channels/slack/authors.ts';
import type { Slack } from '../../../../src/effects/channels/slack/slack.ts';
import { PlayedHost } from '../../targets/command/played-host.ts';

const emails: Readonly<Record<string, string | null>> = {
  a: 'ana@acme.test',
  b: 'ben@acme.test',
  c: 'ana@acme.test',
  none: null,
  empty: '',
};
const commits = (...shas: string[]) => shas.map((sha) => ({ sha }));

function authors(mention: (email: string) => Promise<string | null>) {
  const asked: string[] = [];
  const slack = {
    mention: (email: string) => {
      asked.push(email);
      return mention(email);
    },
  } as unknown as Slack;
  const emailOf = async (commit: string) => emails[commit] ?? null;
  return { asked, found: new Authors({ slack, emailOf }) };
}

it('each address is asked for once, and who is not found is not mentioned', async () => {
  const host = new PlayedHost();
  const { asked, found } = authors(async (email) => (email.startsWith('ana') ? '<@U1>' : null));
  const mentions = () => found.mentions(commits('a', 'b', 'c', 'none', 'empty'), host.ports());
  const wanted = new Map([
    ['a', '<@U1>'],
    ['c', '<@U1>'],
  ]);
  expect(await mentions()).toEqual(wanted);
  expect(await mentions()).toEqual(wanted);
  expect(asked).toEqual(['ana@acme.test', 'ben@acme.test']);
  expect(host.progress).toEqual([]);
});

it.each([
  [new Error('Slack is unwell'), 'Slack is unwell'],
  ['a text', 'a text'],
])('nobody is asked for again once that fails, and it is said once: %s', async (error, why) => {
  const host = new PlayedHost();
  const { asked, found } = authors(() => Promise.reject(error));
  expect(await found.mentions(commits('a', 'b'), host.ports())).toEqual(new Map());
  expect(await found.mentions(commits('a'), host.ports())).toEqual(new Map());
  expect(asked).toEqual(['ana@acme.test']);
  expect(host.progress).toEqual([`Slack mentions no authors: ${why}`]);
});

it('a run that stops is not held up', async () => {
  const stopped = new Error('the run stops');
  const { found } = authors(() => Promise.reject(new Error('aborted')));
  const ports = new PlayedHost().ports({ signal: AbortSignal.abort(stopped) });
  await expect(found.mentions(commits('a'), ports)).rejects.toBe(stopped);
});
