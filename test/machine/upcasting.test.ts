/** What earlier versions wrote is brought up to today's words, step by step; what later ones wrote is refused. */
import { describe, expect, it } from 'vitest';
import { NewerSchema, type Upcaster, Upcasting } from '../../src/machine/upcasting.ts';

/** A parcel's weight came in pounds, then in grams; then it was called a shipment. */
const toGrams: Upcaster = {
  from: { type: 'parcel.sent', schema: 1 },
  to: { type: 'parcel.sent', schema: 2 },
  data: ({ pounds, ...rest }) => ({ ...rest, grams: Number(pounds) * 454 }),
};
const renamed: Upcaster = {
  from: { type: 'parcel.sent', schema: 2 },
  to: { type: 'shipment.sent', schema: 1 },
  data: (data) => data,
};
const newest = new Map([
  ['shipment.sent', 1],
  ['shipment.lost', 2],
]);
const upcasting = new Upcasting(newest, [renamed, toGrams]);

const sent = (type: string, schema: number, data: Record<string, unknown>) => ({
  type,
  schema,
  data: { to: 'Ada', ...data },
});
const today = sent('shipment.sent', 1, { grams: 908 });

describe('an event', () => {
  it.each([
    ['of the first schema', sent('parcel.sent', 1, { pounds: 2 })],
    ['of one in the middle', sent('parcel.sent', 2, { grams: 908 })],
    ['of the one in use', today],
  ])('%s is read in today’s words', (_, written) => {
    const before = structuredClone(written);
    expect(upcasting.upcast(written)).toEqual(today);
    expect(written).toEqual(before);
  });

  it('of a schema that is not known yet is refused', () => {
    expect(() => upcasting.upcast({ ...today, schema: 2 })).toThrow(NewerSchema);
    expect(() => upcasting.upcast({ ...today, schema: 2 })).toThrow(
      'shipment.sent has schema 2; this version knows it up to 1',
    );
  });

  it('of a schema from which nothing leads on is refused', () => {
    expect(() => upcasting.upcast({ type: 'shipment.lost', schema: 1, data: {} })).toThrow(
      'nothing leads on from shipment.lost@1',
    );
  });
});

describe('upcasters that cannot be right', () => {
  const step = (from: string, to: string): Upcaster => {
    const schemaOf = (name: string) => {
      const [type = '', schema] = name.split('@');
      return { type, schema: Number(schema) };
    };
    return { from: schemaOf(from), to: schemaOf(to), data: (data) => data };
  };
  it.each([
    ['two of one schema', [step('a@1', 'shipment.sent@1'), step('a@1', 'shipment.lost@2')]],
    ['one that leads nowhere', [step('a@1', 'b@1')]],
    ['one that leads to a schema of before', [step('a@1', 'shipment.lost@1')]],
    ['a circle', [step('a@1', 'b@1'), step('b@1', 'a@1')]],
  ])('%s', (_, upcasters) => {
    expect(() => new Upcasting(newest, upcasters)).toThrow(/upcaster/);
  });
});
