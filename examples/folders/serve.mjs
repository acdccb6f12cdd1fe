#!/usr/bin/env node
/** A web server over a place: `serve.mjs production 8080`. It asks the link at each request, so it serves what runs. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';

/** @returns the server, listening; its folder then tells of it to `health` */
export async function serve(folder, place, port = 0) {
  const current = join(folder, place, 'current');
  const server = createServer((_, response) => {
    try {
      const { commit } = JSON.parse(readFileSync(join(current, 'release.json'), 'utf8'));
      response.setHeader('x-revision', commit);
      response.end(readFileSync(join(current, 'files', 'app.txt')));
    } catch {
      response.statusCode = 503;
      response.end('nothing runs here yet');
    }
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const life = `${process.pid} since ${new Date().toISOString()}`;
  const listed = [{ name: 'web.1', pid: process.pid, state: 'up', life }];
  const file = join(folder, place, 'instances.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ wanted: 1, listed }));
  return server;
}

if (import.meta.main) {
  const [place, port] = process.argv.slice(2);
  await serve(process.env.FOLDERS ?? 'folders', place, Number(port));
}
