/** Codes of what the log holds: events that cannot be read, written, imported or exported. */
import type { ErrorEntries } from './entry.ts';

const changed =
  'Nothing was imported. Write the export again with `pipeline export --output FILE`.';
const exit = [1, 2] as const;

export const logErrors = {
  E_EVENT_NEWER: {
    meaning: 'A newer version of Lockstep wrote an event, and this one does not know what it says.',
    remedy: 'Update Lockstep: whatever works on one log has to be as new as what wrote it.',
  },
  E_EVENT_UNKNOWN: {
    meaning: 'The log has an event that this version cannot read.',
    remedy: 'A newer version may have written it: update Lockstep.',
  },
  E_EVENT_REFUSED: {
    meaning: 'A deploy has an event that the chart does not take where it stands.',
    remedy: '`pipeline replay DEPLOY` shows where the log and the chart part. Update Lockstep.',
  },
  E_EVENT_MALFORMED: {
    meaning: 'What was to be recorded is not what such an event says.',
    remedy: 'This is a fault of Lockstep’s own, or an answer of a new kind: please report it.',
  },
  E_NOT_RECORDED: {
    meaning: 'A rollback failed, and the log could not be told so: the message has both.',
    remedy:
      'Mend what keeps the log away. The same command looks at what production runs first, and goes on.',
  },
  E_EVENT_TOO_LARGE: {
    meaning: 'What was to be recorded is longer than the log takes.',
    remedy:
      'Somebody’s text (a name, a description, a list) is far longer than such texts are: make it shorter.',
  },
  E_EVENT_ID_REUSED: {
    meaning: 'An event was to be written whose id the log has, with other content.',
    remedy: 'This is a fault of Lockstep’s own: please report it. Nothing was written.',
  },
  E_VERSION_CONFLICT: {
    meaning: 'Somebody else wrote to the deploy or the lane at the same time.',
    remedy: 'Run the command again.',
  },
  E_FENCED_OFF: {
    meaning: 'The lease by which somebody wrote is no longer theirs. Nothing was written.',
    remedy: '`pipeline status` shows who carries the deploy on.',
  },
  E_LOG_FAULT: {
    meaning: 'An event is not what was recorded: somebody changed the log behind Lockstep’s back.',
    remedy:
      'Compare the log with a backup. `pipeline verify` checks all of it, and names every place.',
  },
  E_EXPORT_SECRET: {
    meaning:
      'Events of the log hold a secret of this environment. The export masks it, and cannot be imported.',
    remedy: 'Change that secret. Then, or where it is not set, the export is whole.',
  },
  E_IMPORT_SOURCE: {
    meaning: 'What is to be imported is not there, cannot be read, is empty, or is no export.',
    remedy:
      'Name a file that `pipeline export` wrote, `-` for standard input, or another log by its URL.',
    exit: [2],
  },
  E_IMPORT_LINE: {
    meaning: 'A line of the file is no event: the file was edited, or cut off.',
    remedy: changed,
    exit: [2],
  },
  E_IMPORT_EVENT: {
    meaning: 'A line has an event that no log can have recorded.',
    remedy: changed,
    exit,
  },
  E_IMPORT_POSITION: {
    meaning: 'An event is not the next one: it is a part of a log, or another end of it.',
    remedy:
      'Import a whole log, its beginning, or what goes on where this log ends. A part is for reading.',
    exit,
  },
  E_IMPORT_VERSION: {
    meaning: 'An event is not its stream’s next one: lines are missing.',
    remedy: changed,
    exit,
  },
  E_IMPORT_CHAIN: {
    meaning: 'An event does not follow the one before it in its stream.',
    remedy: changed,
    exit,
  },
  E_IMPORT_HASH: {
    meaning: 'An event says something else than what was recorded: its hash is over other bytes.',
    remedy: changed,
    exit,
  },
  E_IMPORT_TIME: {
    meaning: 'An event is older than the one before it.',
    remedy: changed,
    exit,
  },
  E_IMPORT_ID: {
    meaning: 'Two events have one id.',
    remedy: changed,
    exit,
  },
  E_IMPORT_OTHER: {
    meaning: 'The log has another event at that position: the two logs have gone different ways.',
    remedy:
      'A log has one history. Import into a store that is empty, or that has the beginning of this log.',
    exit,
  },
  E_INTERNAL: {
    meaning: 'Something happened that nobody thought of: a fault of Lockstep’s own.',
    remedy: 'Please report it, with the deploy’s log. `--debug` prints where it happened.',
  },
} as const satisfies ErrorEntries;
