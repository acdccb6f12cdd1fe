/** Stands between a client and a PostgreSQL server, counts the protocol's messages, and interferes at one of them. */
import { createServer, connect as dial, type Server, type Socket } from 'node:net';

/** What happens at a message: the connection is cut right after it, or it waits until this is done. */
export type Interference = 'cut' | ((message: Message) => Promise<void> | void);

export interface Plan {
  readonly interference: Interference;
  /** Which messages are counted; all of them when left out. */
  readonly wanted?: (message: Message) => boolean;
  /** How often it happens, counting anew each time; once when left out. */
  readonly times?: number;
}

export interface Message {
  readonly from: 'client' | 'server';
  readonly type: string;
  readonly text: string;
}

export class MeddlingProxy {
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  #url: URL;
  #plan: Plan | null = null;
  #nth = 0;
  #countdown = 0;
  #timesLeft = 0;
  #hasInterfered = false;
  /** How many connections there were. */
  connections = 0;

  private constructor(server: Server, url: URL) {
    this.#server = server;
    this.#target = { host: url.hostname, port: Number(url.port) };
    this.#url = url;
  }

  /** @param url of the server */
  static async before(url: string): Promise<MeddlingProxy> {
    const server = createServer();
    const proxy = new MeddlingProxy(server, new URL(url));
    server.on('connection', (socket) => proxy.#accept(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    proxy.#url = new URL(url);
    proxy.#url.port = String(address.port);
    return proxy;
  }

  get url(): string {
    return this.#url.href;
  }

  /** Interferes at the nth message from now on, of those that are wanted. Connections that LISTEN are left alone. */
  at(nth: number, plan: Plan): void {
    this.#plan = plan;
    this.#countdown = nth;
    this.#timesLeft = plan.times ?? 1;
    this.#nth = nth;
    this.#hasInterfered = false;
  }

  get hasInterfered(): boolean {
    return this.#hasInterfered;
  }

  leaveAlone(): void {
    this.#plan = null;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    this.connections++;
    const server = dial(this.#target);
    const pair = { client, server, isListener: false };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
    }
    client.on('close', () => server.end()).on('data', this.#passer(pair, 'client'));
    server.on('close', () => client.destroy()).on('data', this.#passer(pair, 'server'));
  }

  #passer(pair: Pair, from: Message['from']): (chunk: Buffer) => void {
    const to = from === 'client' ? pair.server : pair.client;
    let rest: Buffer = Buffer.alloc(0);
    let isStartup = from === 'client';
    let passed: Promise<void> = Promise.resolve();
    return (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        // A message is its type, but for the first of a client, and its length.
        const head = isStartup ? 0 : 1;
        if (rest.length < head + 4) return;
        const length = head + rest.readInt32BE(head);
        if (rest.length < length) return;
        const bytes = rest.subarray(0, length);
        rest = rest.subarray(length);
        const type = isStartup ? '' : String.fromCharCode(bytes[0] ?? 0);
        const message = { from, type, text: bytes.toString('latin1') };
        isStartup = false;
        passed = passed.then(() => this.#pass(pair, message, bytes, to));
      }
    };
  }

  async #pass(pair: Pair, message: Message, bytes: Buffer, to: Socket): Promise<void> {
    if (message.type === 'Q' && message.text.includes('listen ')) pair.isListener = true;
    const interference = pair.isListener ? null : this.#interferenceAt(message);
    if (interference === null) {
      to.write(bytes);
    } else if (interference === 'cut') {
      // The side that it goes to still gets it; the other one hears nothing any more.
      to.end(bytes);
      if (to === pair.client) pair.server.destroy();
      else pair.client.destroy();
    } else {
      await interference(message);
      to.write(bytes);
    }
  }

  #interferenceAt(message: Message): Interference | null {
    const { wanted = () => true, interference } = this.#plan ?? {};
    if (interference === undefined || this.#timesLeft === 0 || !wanted(message)) return null;
    if (--this.#countdown > 0) return null;
    this.#timesLeft--;
    this.#countdown = this.#nth;
    this.#hasInterfered = true;
    return interference;
  }
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  isListener: boolean;
}
