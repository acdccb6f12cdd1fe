/** What the program asks for encrypted goes through the proxy that its environment names. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Stage } from './stage.ts';

let stage: Stage;
let proxy: Server;
let asked: Promise<string>;
beforeAll(async () => {
  stage = await Stage.set();
  stage.commit('The first');
  proxy = createServer();
  asked = new Promise((resolve) => {
    proxy.on('connect', ({ url }, socket: Socket) => {
      resolve(`was asked for ${url}`);
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  proxy.close();
  await stage.strike();
});

it('HTTPS_PROXY is asked for the connection', async () => {
  const job = stage.start(['doctor'], {
    HEROKU_API_URL: 'https://heroku.invalid',
    HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    NO_PROXY: undefined,
    no_proxy: undefined,
  });
  const ended = job.ended.then(({ stdout }) => `was not asked:\n${stdout}`);
  expect(await Promise.race([asked, ended])).toBe('was asked for heroku.invalid:443');
  job.process.kill('SIGKILL');
  await ended;
});
