/** A server that asks for the password in the clear: it gets none where somebody in between could ask so. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openLog } from '../../src/store/open.ts';

const password = 'correct-horse-battery';
const sslRequest = 80_877_103;
const cleartextPassword = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);

let folder: string;
let server: Server;
let heard = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-cleartext-'));
  const made = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=db.test',
  ];
  const names = ['-addext', 'subjectAltName=DNS:db.test,IP:0.0.0.0'];
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
  execFileSync('openssl', [...made, ...names, ...files], { stdio: 'pipe' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => new Promise((closed) => server.close(closed)));

/** Speaks PostgreSQL's protocol up to the demand for the password, and keeps what it hears. */
async function listen(): Promise<number> {
  heard = '';
  const ask = (socket: Socket) => {
    socket.once('data', () => socket.write(cleartextPassword));
    socket.on('data', (chunk) => (heard += chunk.toString('latin1'))).on('error', () => {});
  };
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (first) => {
      if (first.readInt32BE(4) !== sslRequest) {
        socket.write(cleartextPassword);
        socket.on('data', (chunk) => {
          heard += chunk.toString('latin1');
          socket.destroy();
        });
        return;
      }
      socket.write('S');
      const [key, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(join(folder, name)));
      if (key !== undefined && cert !== undefined)
        ask(new TLSSocket(socket, { isServer: true, key, cert }));
    });
  });
  await new Promise<void>((ready) => server.listen(0, '0.0.0.0', ready));
  return (server.address() as AddressInfo).port;
}

const opened = (host: string, port: number, parameters: string): Promise<unknown> =>
  openLog(`postgres://ada:${password}@${host}:${port}/log?${parameters}`, {
    patienceMs: 500,
  }).catch((error: unknown) => error);

// To the program 0.0.0.0 is another host; it leads to this machine.
it.each(['sslmode=disable', 'sslmode=require', 'sslmode=no-verify'])(
  'on another host by %s: refused, and the password is not sent',
  async (parameters) => {
    const port = await listen();
    const error = await opened('0.0.0.0', port, parameters);
    expect(error).toMatchObject({ code: 'E_STORE_CLEARTEXT' });
    expect(JSON.stringify(error) + String(error)).not.toContain(password);
    expect(heard).not.toContain(password);
  },
);

it('on another host whose certificate is verified: given', async () => {
  const port = await listen();
  const error = await opened(
    '0.0.0.0',
    port,
    `sslmode=verify-ca&sslrootcert=${join(folder, 'cert.pem')}`,
  );
  expect(error).not.toMatchObject({ code: 'E_STORE_CLEARTEXT' });
  expect(heard).toContain(password);
});

it('on this machine: given', async () => {
  const port = await listen();
  await opened('127.0.0.1', port, 'sslmode=disable');
  expect(heard).toContain(password);
});
