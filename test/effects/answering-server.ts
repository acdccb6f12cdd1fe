/** A small HTTP server on 127.0.0.1 that answers as it is told, and remembers what it was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What to answer, `lose` to close the connection instead, or `hang` to say nothing. */
export type Reply =
  | 'lose'
  | 'hang'
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      /** The body is begun, and never ended. */
      readonly open?: boolean;
    };

export interface AnsweringServer {
  readonly url: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

/** `answer` is given the request and how many came before it. */
export async function startAnsweringServer(
  answer: (asked: Asked, before: number) => Reply,
): Promise<AnsweringServer> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk as Uint8Array);
    const { method = '', url: path = '', headers } = request;
    const one = { method, path, headers, body: Buffer.concat(chunks).toString() };
    asked.push(one);
    reply(answer(one, asked.length - 1), response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function reply(what: Reply, response: ServerResponse): void {
  if (what === 'hang') return;
  if (what === 'lose') {
    response.destroy();
    return;
  }
  response.writeHead(what.status, what.headers);
  if (what.open === true) response.write(what.body ?? '');
  else response.end(what.body ?? '');
}
