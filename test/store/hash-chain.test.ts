/** What an event's hash is over: a golden value, computed by another program, holds the format. */

import { describe, expect, it } from 'vitest';
import { hashOf, noHash } from '../../src/store/hash-chain.ts';
import { fc } from '../fast-check.ts';

const event = {
  position: 7,
  stream: 'deploy/502-1a5f89db',
  version: 3,
  id: '4f1c2d3e-8a67-4b52-9d0e-5a6b7c8d9e0f',
  type: 'deploy.observed',
  schema: 1,
  data: '{"title":"Grüße, 世界 🚀"}',
  metadata: '{"actor":"Ana"}',
  time: '2026-01-05T10:00:00.000Z',
  previous_hash: noHash,
};

describe('an event’s hash', () => {
  it('counts bytes, not characters: text beyond ASCII has its golden value', () => {
    expect(hashOf(event)).toBe('4697af911113240eeb43b9ba30adccc3455acceb250a992e513e0d48cc3aabe2');
  });

  it('changes with every field', () => {
    const first = hashOf(event);
    for (const field of Object.keys(event) as (keyof typeof event)[]) {
      const value = event[field];
      const other = { ...event, [field]: typeof value === 'number' ? value + 1 : `${value} ` };
      expect(hashOf(other), field).not.toBe(first);
    }
  });

  it('tells events apart whose fields read the same when they are put together', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(text, text, fc.nat(12), (a, b, at) => {
        const whole = a + b;
        const cut = [...whole].slice(0, at % [...whole].length).join('');
        if (cut === a) return;
        const parted = { ...event, data: cut, metadata: whole.slice(cut.length) };
        expect(hashOf(parted)).not.toBe(hashOf({ ...event, data: a, metadata: b }));
      }),
    );
  });
});
