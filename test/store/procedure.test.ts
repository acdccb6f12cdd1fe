/** A statement is compiled once for all values, and for each place of its tables. */
import { Kysely } from 'kysely';
import { expect, it } from 'vitest';
import { CompiledStatements, Statement } from '../../src/store/procedure.ts';
import { wordsOnlyDialect } from '../../src/store/sqlite/dialect.ts';
import type { LogTables } from '../../src/store/tables.ts';

const ofStatements = () => new CompiledStatements(new Kysely({ dialect: wordsOnlyDialect }));

it('is compiled once for each place, whatever its values are', () => {
  let times = 0;
  const find = new Statement((db, { name }: { name: string }) => {
    times += 1;
    return db.selectFrom('projections').select('version').where('name', '=', name);
  });
  const compiled = ofStatements();
  const places = [undefined, 'temp', undefined, 'temp'];
  const sqls = places.map((place, at) => compiled.get(find.with({ name: `${at}` }), place).sql);
  expect(sqls).toEqual([
    'select "version" from "projections" where "name" = ?',
    'select "version" from "temp"."projections" where "name" = ?',
    ...sqls.slice(0, 2),
  ]);
  expect(times).toBe(2);
});

it('takes each value to its place, and says whether it only reads', () => {
  type Fed = LogTables['projections'];
  const put = new Statement((db, { name, version, position }: Fed) =>
    db.insertInto('projections').values({ position, name, version }),
  );
  const newer = new Statement((db, { name }: { name: string }) =>
    db.selectFrom('projections').select('name').where('version', '>', 1).where('name', '=', name),
  );
  const compiled = ofStatements();
  const values = { name: 'a', version: 2, position: 3 };
  const write = compiled.get(put.with(values), undefined);
  expect([write.isLook, write.bind(values)]).toEqual([false, [3, 'a', 2]]);
  const look = compiled.get(newer.with({ name: 'a' }), undefined);
  expect([look.isLook, look.bind({ name: 'a' })]).toEqual([true, [1, 'a']]);
});
