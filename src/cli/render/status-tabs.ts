/** `pipeline status` for programs and for a CI's log: a fact a line, tabs between its fields, whole values, ISO times. */
import type { StatusDocument } from './status-document.ts';
import { safe } from './terminal.ts';
import { undeliveredView } from './undelivered-view.ts';

type Field = string | null;

/** What a field that is not known shows. */
const none = '-';

const line = (...fields: readonly Field[]): string =>
  fields.map((field) => (field === null || field === '' ? none : safe(field))).join('\t');

/** The first field says what the line is of, the second the lane; docs/status.md has the others. */
export function statusTabs(found: StatusDocument): string[] {
  const listed = new Set(found.deploys.map(({ deploy }) => deploy));
  const untold = undeliveredView(found.undelivered, listed, Date.parse(found.at));
  if (found.lanes.length === 0) return ['No deploys yet.'];
  return [
    ...found.lanes.flatMap(laneLines),
    ...untold.map((text) => `undelivered\t${text.trim()}`),
    ...found.deploys.map(({ lane, deploy, became, since, commit, by, title }) =>
      line('deploy', lane, deploy, became.kind, since, commit, by, became.what, title),
    ),
    ...(found.moreLanes === 0 ? [] : [line('more', null, `${found.moreLanes}`)]),
  ];
}

function laneLines(standing: StatusDocument['lanes'][number]): string[] {
  const { lane, places, holds, holder, waiting, toDo } = standing;
  return [
    ...places.map((place) => {
      const { environment, version, commit, deploy, by, since, verified, source } = place;
      const is = verified ? 'verified' : 'unverified';
      const { knownAt, untold } = place;
      return line(
        'place',
        lane,
        environment,
        version,
        commit,
        deploy,
        by,
        since,
        is,
        source,
        knownAt,
        untold,
      );
    }),
    ...holds.map(({ kind, since, by, what }) => line('hold', lane, kind, since, by, what)),
    ...(holder === null
      ? []
      : [
          line(
            'holder',
            lane,
            holder.deploy,
            holder.since,
            holder.running ? 'running' : 'gone',
            holder.doing,
          ),
        ]),
    ...waiting.map(({ deploy, since, behind }) => line('waiting', lane, deploy, since, behind)),
    ...toDo.flatMap(({ deploy, why, commands }) =>
      commands.map((command) => line('todo', lane, deploy, command, why)),
    ),
  ];
}
