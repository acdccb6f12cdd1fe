/** Where a deploy can be looked at, besides the log. */
import { siteOf } from '../../machine/environments.ts';
import type { DomainEvent } from '../../machine/events.ts';

export type LinkName = 'app' | 'run' | 'comparison' | 'commit';

/** Null: the deploy's events name no such place. */
export type Links = Readonly<Record<LinkName, string | null>>;

export function linksOf(events: readonly DomainEvent[]): Links {
  const links: Record<LinkName, string | null> = {
    app: null,
    run: null,
    comparison: null,
    commit: null,
  };
  for (const { type, data } of events) {
    if (type === 'deploy.requested') {
      const { repository } = data.settings;
      links.app = siteOf(data, 'production');
      links.run = data.build.url;
      links.commit = repository === null ? null : `${repository}/commit/${data.commit.sha}`;
    }
    if (type === 'deploy.observed') links.comparison = data.notes.compareUrl;
  }
  return links;
}
