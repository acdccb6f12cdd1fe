/** The same pages as files, for whoever keeps them: a CI's artifact, a folder to send. They need no server, and do not change. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { chartPage } from '../page/chart-page.ts';
import { deployPage } from '../page/deploy-page.ts';
import { deploysPage } from '../page/deploys-page.ts';
import { type Addresses, document, type PageParts } from '../page/document.ts';
import { lanesPage } from '../page/lanes-page.ts';
import { stylesheet } from '../page/stylesheet.ts';
import { redactAll } from '../redaction/gate.ts';
import type { EventLog, LogFault } from '../store/log.ts';
import { readChartUse, readFigures, readHistory, readShownDeploy, readStandings } from './read.ts';

/** A name in the file system that no other lane or deploy has; only what is plain stands for itself. */
const fileName = (name: string): string =>
  `${name.replace(/[^A-Za-z0-9._-]/g, (one) => `%${one.codePointAt(0)?.toString(16)}`)}.html`;

/** @param up how to the folder: empty, or `../` */
function addressesFrom(up: string): Addresses {
  return {
    lanes: `${up}index.html`,
    chart: `${up}chart.html`,
    explain: null,
    lane: (lane) => `${up}lanes/${encodeURIComponent(fileName(lane))}`,
    deploy: (deploy) => `${up}deploys/${encodeURIComponent(fileName(deploy))}`,
    stylesheet: `${up}style.css`,
    script: null,
    live: null,
  };
}

/**
 * The lanes, of each the newest deploys, and a page of each of those.
 *
 * @param limit how many deploys of a lane
 * @returns how many files were written
 */
export async function writePages(log: EventLog, folder: string, limit: number): Promise<number> {
  const position = await log.head();
  let count = 0;
  const write = (name: string, text: string): void => {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    count += 1;
  };
  const page = async (name: string, parts: (at: Addresses) => PageParts): Promise<void> => {
    const at = addressesFrom(name.includes('/') ? '../' : '');
    write(name, await document(parts(at), at));
  };
  const faults: LogFault[] = [];
  const standings = await readStandings(log, faults);
  whole(faults);
  for (const { lane } of standings.standings) {
    const { deploys, ...found } = await readHistory(log, { lane, limit });
    faults.push(...found.faults);
    const figures = await readFigures(log, lane, faults);
    whole(faults);
    const shown = redactAll({ lane, figures, isCut: false, next: null, search: null });
    await page(`lanes/${fileName(lane)}`, (at) => deploysPage({ ...shown, deploys }, position, at));
    for (const { row } of deploys) {
      const { deploy } = row;
      const told = await readShownDeploy(log, deploy);
      if (told === null) continue;
      await page(`deploys/${fileName(deploy)}`, (at) => deployPage(told, position, at));
    }
  }
  const use = await readChartUse(log, faults);
  whole(faults);
  await page('chart.html', () => chartPage(use, position));
  write('style.css', stylesheet);
  // Last: whoever sees it finds the rest.
  await page('index.html', (at) => lanesPage(standings, position, at));
  return count;
}

/** What is kept or sent is whole. @throws LogFault it is not */
function whole([fault]: readonly LogFault[]): void {
  if (fault !== undefined) throw fault;
}
