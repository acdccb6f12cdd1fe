/** The ids that other programs are given: of the form that their standards ask for, and one thing's always. */
import { expect, it } from 'vitest';
import { chainId, spanId, traceId } from '../../../src/runtime/accounts/identity.ts';
import { fc } from '../../fast-check.ts';

it('has the form of its standard, is the same each time, and another’s of anything else', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (lane, deploy, span) => {
      expect(traceId(lane, deploy)).toMatch(/^[0-9a-f]{32}$/);
      expect(spanId(lane, deploy, span)).toMatch(/^[0-9a-f]{16}$/);
      expect(chainId(lane, deploy)).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
      for (const idOf of [traceId, chainId]) {
        expect(idOf(lane, deploy)).toBe(idOf(lane, deploy));
        expect(idOf(lane, `${deploy}x`)).not.toBe(idOf(lane, deploy));
        expect(idOf(`${lane}x`, deploy)).not.toBe(idOf(lane, deploy));
      }
      expect(spanId(lane, deploy, `${span}x`)).not.toBe(spanId(lane, deploy, span));
    }),
  );
  expect(
    new Set('0123456789'.split('').map((n) => chainId('a', n).charAt(19))).size,
  ).toBeGreaterThan(1);
});

it('stays what it was: other programs keep it', () => {
  expect(traceId('acme-web', '501-501aaaaa')).toBe('d529655729855955b7ff967bd8de09e4');
  expect(spanId('acme-web', '501-501aaaaa', 'run')).toBe('2065ceeff78e4288');
  expect(chainId('acme-web', '501-501aaaaa')).toBe('7e577c20-2791-857b-aa78-463d2a0a6048');
});
