/** By what a hook is known: the log keeps its place under the name, so that it stays the same for ever. */
import { expect, it } from 'vitest';
import {
  type HookTarget,
  hookName,
  hookTitle,
} from '../../../../src/effects/channels/hooks/identity.ts';

const url = 'https://acme.test/hooks/in?token=abcdef';

it.each<[HookTarget, string, string]>([
  [{ name: 'page', url }, 'hooks/page', 'hook page'],
  [{ url }, 'hooks/0-933e3754d3fe', 'hook acme.test/hooks/in'],
  [{ urlFrom: 'CHAT_URL' }, 'hooks/0-8c3517816ffe', 'hook CHAT_URL'],
  [{ run: 'CHAT_URL' }, 'hooks/0-7e8323c51b0d', 'hook CHAT_URL'],
  [
    { run: `  bin/page\n ${'x'.repeat(80)}` },
    'hooks/0-abf17a064219',
    `hook bin/page ${'x'.repeat(51)}…`,
  ],
])('%o is %s, for people %s', (hook, name, title) => {
  expect(hookName(hook)).toBe(name);
  expect(hookTitle(hook)).toBe(title);
});
