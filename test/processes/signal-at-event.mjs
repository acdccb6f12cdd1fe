/**
 * Loaded before `pipeline` (NODE_OPTIONS=--import): the process gives itself a signal once so many events of a stream
 * are committed, before it writes anything more. `AT_EVENT`: in JSON, `{ stream, count, signal, afterMs }`; see at-event.ts.
 */
import Database from 'better-sqlite3';

const { stream, count, signal, afterMs } = JSON.parse(process.env.AT_EVENT);
let isDue = false;
let isGiven = false;

function give() {
  if (isGiven) return;
  isGiven = true;
  process.kill(process.pid, signal);
}

function look(database) {
  if (isDue || eventsIn(database) < count) return;
  isDue = true;
  setTimeout(give, afterMs);
}

function eventsIn(database) {
  try {
    return database.prepare('select count(*) from events where stream = ?').pluck().get(stream);
  } catch {
    return 0; // Its tables are not made yet.
  }
}

const { prepare } = Database.prototype;
Database.prototype.prepare = function (sql) {
  const statement = prepare.call(this, sql);
  if (sql === 'begin immediate') {
    return {
      run: () => {
        if (isDue) give();
        return statement.run();
      },
    };
  }
  if (sql !== 'commit') return statement;
  return {
    run: () => {
      const done = statement.run();
      look(this);
      return done;
    },
  };
};
