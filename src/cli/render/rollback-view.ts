/** What a rollback takes back, for whoever has to say yes to it. */
import { cut } from '../../format/text.ts';
import { counted, listed } from '../../format/words.ts';
import { shortSha } from '../../machine/story-words.ts';
import type { CanaryKeeps } from '../../runtime/rollback/canary-keeps.ts';
import type { RollbackPlan } from '../../runtime/rollback/choose.ts';
import { safe } from './terminal.ts';

export interface WhatGoesBack {
  readonly plan: RollbackPlan;
  /** As people call the target. */
  readonly place: string;
  /** The commit that runs; null: it is not known. */
  readonly fromCommit: string | null;
  /** What production loses, oldest first; null: this clone cannot tell. */
  readonly commits: {
    readonly commits: readonly {
      readonly sha: string;
      readonly title: string;
      readonly author: string;
    }[];
    readonly total: number;
  } | null;
  /** Of the files that differ; null: this clone cannot tell. */
  readonly paths: readonly string[] | null;
}

/** Where the frameworks that people use keep what changes a database. */
const migrations =
  /(?:^|\/)(?:db\/(?:migrate|post_migrate)|migrations?|migrate|alembic\/versions|flyway|liquibase|changelogs?)\/[^/]*|(?:^|\/)db\/(?:schema\.rb|structure\.sql)$/i;

export const isMigration = (path: string): boolean => migrations.test(path);

const migrationsMax = 10;

export function rollbackPreview({
  plan,
  place,
  fromCommit,
  commits,
  paths,
}: WhatGoesBack): string[] {
  const { from, to, again } = plan;
  const of = (commit: string | null) => (commit === null ? 'an unknown commit' : shortSha(commit));
  const who =
    to.deploy === null ? 'not verified by a deploy of this lane' : `verified by ${to.deploy}`;
  const verb = again ? 'goes on going back' : 'goes back';
  const lines = [
    `${place}: ${from.version} (${of(fromCommit)}) ${verb} to ${to.release.version} (${of(to.commit)}, ${who})`,
  ];
  if (commits === null) lines.push('which commits go back is not known: this clone cannot tell');
  else {
    lines.push(`${counted(commits.total, 'commit')} ${commits.total === 1 ? 'goes' : 'go'} back:`);
    const more = commits.total - commits.commits.length;
    if (more > 0) lines.push(`  ${counted(more, 'earlier commit')}, and`);
    for (const { sha, title, author } of commits.commits) {
      lines.push(`  ${shortSha(sha)} ${cut(title, 100)} (${author})`);
    }
  }
  return [...lines, ...migrationLines(paths)].map(safe);
}

/** What is left to do there; it is told once production was taken back. */
export function canaryLines(kept: CanaryKeeps | null): string[] {
  if (kept === null) return [];
  const { target, version, before, commit, command } = kept;
  const code = commit === null ? 'what production was taken back from' : shortSha(commit);
  const what =
    version === null
      ? `the canary (${target}) is not taken back with it, and may still run ${code}`
      : `the canary (${target}) is not taken back with it, and still runs ${code} (${version})`;
  const how =
    command === null
      ? 'Take it back at its host'
      : `To take it back${before === null ? '' : ` to ${before}`}`;
  return [
    safe(`${what}. ${how}, or ship another commit: its deploy goes over the canary first.`),
    ...(command === null ? [] : [`  ${safe(command)}`]),
  ];
}

function migrationLines(paths: WhatGoesBack['paths']): string[] {
  if (paths === null) return ['whether migrations are among them is not known'];
  const found = paths.filter(isMigration);
  if (found.length === 0) return ['no migration is among them, by the paths'];
  return [
    `${counted(found.length, 'migration')} among them, by the paths; the database does not go back:`,
    `  ${listed(found, migrationsMax)}`,
  ];
}
