#!/usr/bin/env node
/**
 * A web server over a place: `serve.mjs production 8080`. It asks the link at each request, so it serves what runs.
 * `serve.mjs production 8080 canary` gives the canary as large a share of the requests as the release that runs there says.
 */
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';

/** @returns the server, listening; its folder then tells of it to `health` */
export async function serve(folder, place, port = 0, canary = null) {
  let asked = 0;
  const server = createServer((_, response) => {
    const given = canary === null ? null : runningIn(folder, canary);
    const share = given?.share ?? 0;
    asked += 1;
    // Spread evenly: with a share of 10 percent it is every tenth request.
    const isForCanary = Math.floor((asked * share) / 100) > Math.floor(((asked - 1) * share) / 100);
    answer(response, isForCanary ? given : runningIn(folder, place));
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const life = `${process.pid} since ${new Date().toISOString()}`;
  const listed = [{ name: 'web.1', pid: process.pid, state: 'up', life }];
  const file = join(folder, place, 'instances.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ wanted: 1, listed }));
  return server;
}

/** The release that runs there, and where its files are; null where none does. The link is read once: it may be switched meanwhile. */
function runningIn(folder, place) {
  try {
    const release = realpathSync(join(folder, place, 'current'));
    const { commit, share } = JSON.parse(readFileSync(join(release, 'release.json'), 'utf8'));
    return { commit, share, files: join(release, 'files') };
  } catch {
    return null;
  }
}

function answer(response, release) {
  try {
    if (release === null) throw new Error('nothing runs here yet');
    response.setHeader('x-revision', release.commit);
    response.end(readFileSync(join(release.files, 'app.txt')));
  } catch (error) {
    response.statusCode = 503;
    response.end(error.message);
  }
}

if (import.meta.main) {
  const [place, port, canary = null] = process.argv.slice(2);
  await serve(process.env.FOLDERS ?? 'folders', place, Number(port), canary);
}
