/** `pipeline open WHAT [DEPLOY]`: a page that belongs to a deploy, in the browser; its address where nobody watches. */
import { UsageError } from '../../errors/error.ts';
import { redactAll } from '../../redaction/gate.ts';
import { readDeploys } from '../../runtime/audit/deploys.ts';
import { type LinkName, linksOf } from '../../runtime/audit/links.ts';
import { domainEvent } from '../../runtime/log/recorded.ts';
import { deployStream } from '../../runtime/log/streams.ts';
import type { EventLog } from '../../store/log.ts';
import { readEnvironment } from '../config/environment.ts';
import { safe, type Terminal } from '../render/terminal.ts';
import { findStore, openDeployLog } from '../workspace/deploy-log.ts';
import { findDeploy } from '../workspace/find-deploy.ts';
import type { GlobalFlags } from '../workspace/flags.ts';

/** @throws UsageError E_NO_LINK the deploy's events name no such place */
export async function openLink(
  what: LinkName,
  deploy: string | null,
  flags: GlobalFlags,
  terminal: Terminal,
): Promise<number> {
  const url = await linkTo(what, deploy, flags, terminal);
  terminal.out(safe(url));
  if (terminal.isTty) await (await import('open')).default(url);
  return 0;
}

async function linkTo(
  what: LinkName,
  name: string | null,
  flags: GlobalFlags,
  terminal: Terminal,
): Promise<string> {
  const log = await openDeployLog(await findStore(flags, readEnvironment(process.env)), {
    readOnly: true,
  });
  try {
    const deploy =
      name === null ? await newest(log) : (await findDeploy(log, name, terminal.err)).deploy;
    const records = await log.readStream(deployStream(deploy));
    const url = redactAll(linksOf(records.map(domainEvent)))[what];
    if (url !== null) return url;
    throw new UsageError('E_NO_LINK', `the log has no address of ${deploy}’s ${what}`, {
      hint: missing[what],
    });
  } finally {
    await log.close();
  }
}

const missing: Readonly<Record<LinkName, string>> = {
  app: 'It is the first of production’s endpoints in pipeline.yml (verify).',
  run: 'The CI says it; a deploy that was asked for on a person’s machine has none.',
  comparison: 'It needs repository: in pipeline.yml, and a commit that production ran before.',
  commit: 'It needs repository: in pipeline.yml.',
};

async function newest(log: EventLog): Promise<string> {
  const [row] = await readDeploys(log, { limit: 1 });
  if (row !== undefined) return row.deploy;
  throw new UsageError('E_NO_DEPLOY', 'the log has no deploy yet', {
    hint: 'pipeline advance makes the first one.',
  });
}
