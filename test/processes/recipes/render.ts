/** A service of Render over HTTP, as its API reference has it: https://api-docs.render.com/reference. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { image, one, type Recipe, tagOf } from './stand-in.ts';

interface Deploy {
  readonly id: string;
  status: string;
  readonly trigger: string;
  readonly image: { readonly ref: string; readonly sha: string };
  readonly createdAt: string;
}

class Service {
  /** Newest first. */
  readonly deploys: Deploy[] = [];
  readonly variables = new Map<string, string>();
  refuses = 0;
  outcome = 'live';

  constructor() {
    this.#begin(`${image}:${one}`, 'manual');
    this.settle();
  }

  get live(): Deploy | undefined {
    return this.deploys.find(({ status }) => status === 'live');
  }

  deploy(commit: string, trigger: string): Deploy {
    return this.#begin(`${image}:${commit}`, trigger);
  }

  rollback(id: string): Deploy {
    const to = this.deploys.find((deploy) => deploy.id === id);
    if (to === undefined) throw new Error(`there is no ${id}`);
    return this.#begin(to.image.ref, 'rollback');
  }

  /** What is under way comes to its end. */
  settle(): void {
    const [newest] = this.deploys;
    if (newest?.status !== 'update_in_progress') return;
    const { live } = this;
    newest.status = this.outcome;
    if (newest.status === 'live' && live !== undefined) live.status = 'deactivated';
  }

  #begin(ref: string, trigger: string): Deploy {
    const id = `dep-${this.deploys.length + 1}`;
    const createdAt = new Date(Date.UTC(2026, 0, 5, 9, this.deploys.length)).toISOString();
    const sha = `sha256:${createHash('sha256').update(ref).digest('hex')}`;
    const deploy = { id, status: 'update_in_progress', trigger, image: { ref, sha }, createdAt };
    this.deploys.unshift(deploy);
    return deploy;
  }

  answer(method: string, path: string, body: Record<string, string>): readonly [number, object] {
    const key = path.split('/env-vars/')[1];
    if (key !== undefined) {
      if (method === 'PUT') this.variables.set(key, body.value ?? '');
      const value = this.variables.get(key);
      return value === undefined ? [404, { message: 'not found' }] : [200, { key, value }];
    }
    switch (`${method} ${path}`) {
      case 'GET /services/srv-1':
        return [200, { suspended: 'not_suspended', serviceDetails: { numInstances: 2 } }];
      case 'GET /services/srv-1/instances':
        return [200, ['a', 'b'].map((id) => ({ id, createdAt: this.live?.createdAt }))];
      case 'GET /services/srv-1/deploys?limit=100': {
        const listed = structuredClone(
          this.deploys.map((deploy) => ({ deploy, cursor: deploy.id })),
        );
        this.settle();
        return [200, listed];
      }
      case 'POST /services/srv-1/deploys':
        return [201, this.deploy(tagOf(body.imageUrl), 'api')];
      case 'POST /services/srv-1/rollback':
        return [201, this.rollback(body.deployId ?? '')];
      default:
        return [400, { message: `unknown: ${method} ${path}` }];
    }
  }
}

export const render: Recipe = {
  name: 'a service of Render',
  words: ['examples/render/host.mjs', 'srv-1', image],
  failsWith: 'E_RELEASE_FAILED',
  async open() {
    const service = new Service();
    const server = createServer(async (request, response) => {
      const isKnown = request.headers.authorization === 'Bearer rnd_1';
      const body = await read(request);
      service.refuses -= 1;
      const [status, answer] = !isKnown
        ? [401, { message: 'unauthorized' }]
        : service.refuses >= 0
          ? [503, { message: 'unavailable' }]
          : service.answer(request.method ?? '', request.url ?? '', body);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const env = { PATH: process.env.PATH ?? '', RENDER_API_KEY: 'rnd_1' };
    return {
      env: { ...env, RENDER_API_URL: `http://127.0.0.1:${port}` },
      serves: () => tagOf(service.live?.image.ref),
      byHand: (what) => {
        if (what !== 'back') service.deploy(what.deploy, 'manual');
        else service.rollback(service.deploys.find(isEarlier)?.id ?? '');
        service.settle();
      },
      heal: () => Object.assign(service, { outcome: 'live' }),
      giveUp: () => Object.assign(service, { refuses: 1, outcome: 'update_failed' }),
      close: async () => {
        server.closeAllConnections();
        await new Promise((closed) => server.close(closed));
      },
    };
  },
};

const isEarlier = ({ status }: Deploy) => status === 'deactivated';

async function read(request: IncomingMessage): Promise<Record<string, string>> {
  const text = Buffer.concat(await request.toArray()).toString();
  return text === '' ? {} : (JSON.parse(text) as Record<string, string>);
}
