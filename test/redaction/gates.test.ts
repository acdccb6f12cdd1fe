/** Several runs in one process: none knows another's secrets, for the gate of all would grow with each. */
import { expect, it } from 'vitest';
import { Gate, hide, lineGate, redact, redactAll, within } from '../../src/redaction/gate.ts';

const later = () => new Promise((turn) => setImmediate(turn));

it('what is done within a gate, and what it begins, is masked by that gate alone', async () => {
  const [one, other] = [new Gate(), new Gate()];
  const run = (gate: Gate, secret: string) =>
    within(gate, async () => {
      hide(secret);
      await later();
      return () => [redact('first-secret second-secret'), redactAll({ a: secret }).a];
    });
  const [ofOne] = await Promise.all([run(one, 'first-secret'), run(other, 'second-secret')]);
  expect(within(one, ofOne)).toEqual(['[secret] second-secret', '[secret]']);
  expect(within(other, ofOne)).toEqual(['first-secret [secret]', 'first-secret']);
  expect(redact('first-secret second-secret')).toBe('first-secret second-secret');
});

it('lines that come to a gate stay with the one that they began at', () => {
  const gate = new Gate();
  const lines = within(gate, lineGate);
  gate.hide('first-secret');
  expect([...lines.push('a first-secret'), ...lines.rest()]).toEqual(['a [secret]']);
});

it('what a gate is told after it has masked something counts from then on', () => {
  const gate = new Gate();
  const all = () => gate.redact('first-secret second-secret acme-staging live-lane');
  expect(all()).toBe('first-secret second-secret acme-staging live-lane');
  gate.hide('first-secret');
  expect(all()).toBe('[secret] second-secret acme-staging live-lane');
  gate.hide('first-secret', 'second-secret', 'acme-staging');
  expect(all()).toBe('[secret] [secret] [secret] live-lane');
  gate.keepVocabulary(['live-lane']);
  expect(all()).toBe('[secret] [secret] [secret] live-lane');
  gate.keepVocabulary(['acme-staging']);
  expect(all()).toBe('[secret] [secret] acme-staging live-lane');
});
