/**
 * Looks that are asked together are one statement, which gives the first row of each: the server and the driver spend as
 * much on a statement and its answer as on finding a row by its index.
 */

interface Look {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** A statement gives so many values at most (PostgreSQL's manual, appendix K, has 1,664 columns). */
const looksMax = 100;

export class Looks {
  /** By the words of those that are asked together. */
  readonly #known = new Map<string, string>();

  /** As few statements as take them all. */
  together(looks: readonly Look[]): Look[] {
    const parts = Array.from({ length: Math.ceil(looks.length / looksMax) }, (_, nth) =>
      looks.slice(nth * looksMax, (nth + 1) * looksMax),
    );
    return parts.map((part) => ({
      sql: this.#sqlOf(part),
      values: part.flatMap(({ values }) => values),
    }));
  }

  #sqlOf(looks: readonly Look[]): string {
    const words = looks.map(({ sql }) => sql).join(';');
    let sql = this.#known.get(words);
    if (sql === undefined) {
      sql = joined(looks);
      this.#known.set(words, sql);
    }
    return sql;
  }
}

/** The rows that were found, in the order of the looks; undefined where there was none. */
export function firstsIn([row]: readonly unknown[]): unknown[] {
  return Object.values(row as object).map((first) => first ?? undefined);
}

/** The values of each come after those of the looks before it. */
function joined(looks: readonly Look[]): string {
  let before = 0;
  const firsts = looks.map(({ sql, values }, nth) => {
    const numbered = sql.replace(/\$(\d+)/g, (_, number) => `$${before + Number(number)}`);
    before += values.length;
    return `(select row_to_json(look) from (${numbered}) as look limit 1) as look_${nth}`;
  });
  return `select ${firsts.join(', ')}`;
}
