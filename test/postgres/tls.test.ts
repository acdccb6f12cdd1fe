/** TLS with a real server: what each `sslmode` takes and refuses. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLog } from '../../src/store/open.ts';
import { execute, PostgresServer } from './server.ts';

const noOpenssl = ((): string | null => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'pipe' });
    return null;
  } catch {
    return 'no openssl on this machine, to make a certificate with';
  }
})();
if (noOpenssl !== null) process.stdout.write(`skipped: TLS to PostgreSQL: ${noOpenssl}\n`);

let folder: string;
let server: PostgresServer;
let certificate: string;
let otherCertificate: string;

function makeCertificate(name: string, names: string): string {
  const [key, file] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
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
  execFileSync(
    'openssl',
    [...made, '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', file],
    { stdio: 'pipe' },
  );
  return file;
}

describe.skipIf(noOpenssl !== null)('a server with TLS', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-tls-'));
    certificate = makeCertificate('server', 'DNS:db.test');
    otherCertificate = makeCertificate('other', 'IP:127.0.0.1');
    server = await PostgresServer.start();
    await server.useTls(certificate, join(folder, 'server.key'));
  });
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const url = (parameters: string) => `${server.url('postgres')}?${parameters}`;

  /** Whether the log's own connection was encrypted. */
  async function isEncrypted(parameters: string): Promise<unknown> {
    const application = `tls-${Math.random()}`;
    const log = await openLog(url(`${parameters}&application_name=${application}`));
    const [row] = await execute(
      server.url('postgres'),
      `select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = '${application}'`,
    );
    await log.close();
    return row?.ssl;
  }

  const refusal = (parameters: string): Promise<unknown> =>
    openLog(url(parameters)).then(
      (log) => log.close(),
      (error: unknown) => error,
    );

  it('is spoken to in the clear where the URL says so', async () => {
    expect(await isEncrypted('sslmode=disable')).toBe(false);
  });

  it('is encrypted by require, and not asked who it is', async () => {
    expect(await isEncrypted('sslmode=require')).toBe(true);
    expect(await isEncrypted('sslmode=no-verify')).toBe(true);
  });

  it('has to have the certificate that verify-ca is given, whatever its name', async () => {
    expect(await isEncrypted(`sslmode=verify-ca&sslrootcert=${certificate}`)).toBe(true);
    expect(await isEncrypted(`sslmode=require&sslrootcert=${certificate}`)).toBe(true);
    for (const sslmode of ['verify-ca', 'require']) {
      const other = await refusal(`sslmode=${sslmode}&sslrootcert=${otherCertificate}`);
      expect(other).toMatchObject({ code: 'E_STORE_TLS' });
    }
    expect(await refusal('sslmode=verify-ca')).toMatchObject({ code: 'E_STORE_TLS' });
  });

  it('has to have the right name, too, for verify-full', async () => {
    const error = await refusal(`sslmode=verify-full&sslrootcert=${certificate}`);
    expect(error).toMatchObject({ code: 'E_STORE_TLS' });
    await server.useTls(otherCertificate, join(folder, 'other.key'));
    expect(await isEncrypted(`sslmode=verify-full&sslrootcert=${otherCertificate}`)).toBe(true);
  });
});

describe('a server without TLS', () => {
  it('is not spoken to in the clear where the URL asks for TLS', async () => {
    const plain = await PostgresServer.start();
    const error = await openLog(`${plain.url('postgres')}?sslmode=require`).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: 'E_STORE_TLS' });
    await plain.stop();
  });
});
