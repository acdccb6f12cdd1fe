/** The sandbox over real HTTP on this machine: one port a service. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import { Cut } from './faults.ts';
import { strangerAt } from './loopback.ts';
import { createSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';
import { type Service, services } from './service.ts';

export type { Timing } from './heroku/state.ts';
export type { Received } from './journal.ts';
export {
  type Control,
  createSandbox,
  createTokens,
  type Sandbox,
  type SandboxOptions,
} from './sandbox.ts';
export type { Service } from './service.ts';

export interface RunningSandbox extends Sandbox {
  readonly urls: Readonly<Record<Service, string>>;
  /** Cuts what is still connected. */
  close(): Promise<void>;
}

export interface ServerOptions extends Omit<SandboxOptions, 'origins'> {
  /** The first of nine ports in a row; any free ones when left out. */
  readonly port?: number;
  /** Milliseconds that each answer takes on its way; 0 when left out. */
  readonly latencyMs?: number;
}

/**
 * @throws the system's error when a port is taken; none stays open then
 */
export async function startSandbox(options: ServerOptions = {}): Promise<RunningSandbox> {
  let sandbox: Sandbox | null = null;
  const servers = new Map<Service, Server>();
  const close = async (): Promise<void> => {
    await Promise.all([...servers.values()].map(stop));
  };
  try {
    for (const [place, service] of services.entries()) {
      const server = serve(service, () => sandbox, options.latencyMs);
      await listen(server, options.port === undefined ? 0 : options.port + place);
      servers.set(service, server);
    }
  } catch (error) {
    await close();
    throw error;
  }
  const urls = Object.fromEntries(
    [...servers].map(([service, server]) => [
      service,
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ]),
  ) as Record<Service, string>;
  // A clock of the caller's own moves when the caller says so, and may do so only once an answer has ended.
  const wait = options.now === undefined ? { wait: setTimeout } : {};
  const made = createSandbox({ ...wait, ...options, origins: urls });
  sandbox = made;
  return {
    ...made,
    // A reset replaces it: a copy would go stale.
    get world() {
      return made.world;
    },
    urls,
    close,
  };
}

function serve(service: Service, sandbox: () => Sandbox | null, latencyMs = 0): Server {
  return createAdaptorServer({
    createServer,
    fetch: async (request, env) => {
      const { incoming, outgoing } = env as { incoming: IncomingMessage; outgoing: ServerResponse };
      const { host, origin } = incoming.headers;
      const refused = strangerAt({ host, origin }, incoming.socket.localPort ?? 0);
      if (refused !== null) return Response.json({ error: refused }, { status: 403 });
      try {
        if (latencyMs > 0) await setTimeout(latencyMs);
        return await (sandbox()?.fetch(service, request) ?? new Response(null, { status: 503 }));
      } catch (error) {
        if (!(error instanceof Cut) && !request.signal.aborted) throw error;
        outgoing.destroy();
        return new Response(null);
      }
    },
  }) as Server;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((listening, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => listening());
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((closed) => {
    server.close(() => closed());
    server.closeAllConnections();
  });
}
