/** Any byte that a commit message can hold: the release notes arrive whole and harmless. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Stage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set({ within: true });
});
afterEach(() => stage.strike());

const marker = (text: string): string => `${text} END-OF-IT`;
const long = Array.from({ length: 1_000 }, (_, i) => `line ${i} of it`)
  .join('\n')
  .slice(0, 10_000);

const messages: readonly [string, string | Uint8Array, readonly string[]][] = [
  [
    'quotes and backticks',
    marker('Say "it" and \'that\' and `this`'),
    ['Say "it" and \'that\' and `this`'],
  ],
  [
    'what a shell would run',
    marker('$(touch owned) `touch owned` ; touch owned | %s %n %PATH%'),
    ['$(touch owned) `touch owned`', '%s %n %PATH%'],
  ],
  ['newlines', 'Title\n\nFirst line\n\nLast line\tEND-OF-IT', ['First line', 'Last line']],
  ['emoji', marker('Ship 🚀 for 👩‍👩‍👧 and naïve ﬁnds'), ['🚀 for 👩‍👩‍👧 and naïve ﬁnds']],
  [
    'mentions of all',
    marker('Wake <!channel> <!here> <@U123> <http://evil.test|here>'),
    ['&lt;!channel&gt; &lt;!here&gt; &lt;@U123&gt; &lt;http://evil.test|here&gt;'],
  ],
  [
    'ten thousand characters',
    `Title\n\n${long}\nEND-OF-IT`,
    ['line 0 of it', 'line 500 of it', 'line 660 of it'],
  ],
  [
    'invalid UTF-8',
    Buffer.from([...Buffer.from('Caf'), 0xe9, 0xff, 0xfe, ...Buffer.from(' END-OF-IT')]),
    ['Caféÿþ'],
  ],
];

it.each(messages)('a commit message with %s', { timeout: 60_000 }, async (_, message, parts) => {
  const commit = stage.commit(message);
  expect(await stage.advance(501, commit)).toMatchObject({ exit: 0 });
  const texts: string[] = [];
  JSON.stringify(stage.sandbox.slackMessages(), (_key, value) => {
    if (typeof value === 'string') texts.push(value);
    return value;
  });
  const all = texts.join('\n');
  for (const part of [...parts, 'END-OF-IT']) expect(all).toContain(part);
  expect(all).not.toMatch(/<!(channel|here|everyone)|<@U|<http:\/\/evil/);
  const notes = (await stage.events(501, commit)).find(({ type }) => type === 'deploy.observed');
  expect(JSON.stringify(notes?.data)).toContain('END-OF-IT');
  expect(stage.git('status', '--porcelain')).toBe('');
});
