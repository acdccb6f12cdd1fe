/** What GitHub is told of a deploy, in words. Pure. */
import { markdownLink, markdownText } from '../../../format/markdown.ts';
import { cut } from '../../../format/text.ts';
import { dateAndTime } from '../../../format/time.ts';
import { siteOf } from '../../../machine/environments.ts';
import type { DeployRequest, EnvironmentName } from '../../../machine/events.ts';
import { tellStanding } from '../../../machine/story.ts';
import { shortSha } from '../../../machine/story-words.ts';
import type { DeployEvents } from '../channel.ts';

/** GitHub's limit for the description of a status. */
export const descriptionMax = 140;

export function statusText(history: DeployEvents): string {
  return cut(tellStanding(history).headline, descriptionMax);
}

export function deploymentText({ lane, build, commit }: DeployRequest): string {
  return `${lane} build ${build.label} (${shortSha(commit.sha)}), deployed by Lockstep`;
}

/** In a comment, unseen: by it the comment is found again. The same for each deploy of the lane. */
export function commentMark(lane: string, environment: EnvironmentName): string {
  const name = encodeURIComponent(lane).replaceAll('-', '%2D');
  return `<!-- lockstep ${environment} ${name} -->`;
}

/** @param time when it went live: ISO 8601, UTC */
export function liveComment(request: DeployRequest, time: string): string {
  const { lane, build, commit, settings } = request;
  const { repository } = settings;
  const commitUrl = repository === null ? null : `${repository}/commit/${commit.sha}`;
  const where = markdownLink(siteOf(request, 'production'), lane);
  const what = `build ${markdownLink(build.url, build.label)}, commit ${markdownLink(commitUrl, shortSha(commit.sha))}`;
  const since = markdownText(dateAndTime(time));
  return `**Live in production** since ${since}: ${where}, ${what}.\n\n${commentMark(lane, 'production')}`;
}
