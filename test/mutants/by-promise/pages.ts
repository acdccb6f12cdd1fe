/** The pages that a browser shows. */
import type { Mutant } from '../mutant.ts';

const pages = 'The pages show what the log has';
const door = 'test/serve/door.test.ts';
const server = 'test/serve/server.test.ts';

export const pageMutants: readonly Mutant[] = [
  {
    id: 'pages-by-any-name',
    promise: pages,
    file: 'src/serve/door.ts',
    symbol: 'refusal',
    code: 'if (!door.names.includes(host)) {',
    by: "if (host === '') {",
    noticedBy: door,
  },
  {
    id: 'pages-for-another-site',
    promise: pages,
    file: 'src/serve/door.ts',
    symbol: 'refusal',
    code: 'if (!isOwn && !isNavigation)',
    by: 'if (!isOwn && isNavigation)',
    noticedBy: door,
  },
  {
    id: 'pages-without-their-token',
    promise: pages,
    file: 'src/serve/door.ts',
    symbol: 'refusal',
    code: 'if (door.token === null || isGiven(door.token, headers)) return null;',
    by: 'return null;',
    noticedBy: door,
  },
  {
    id: 'live-begins-at-the-end',
    promise: pages,
    file: 'src/serve/server.ts',
    symbol: 'createApp',
    code: "Number(c.req.header('last-event-id') ?? c.req.query('after') ?? tail.position)",
    by: 'tail.position',
    noticedBy: server,
  },
  {
    id: 'a-page-is-kept-for-ever',
    promise: pages,
    file: 'src/serve/pages.ts',
    symbol: 'Pages',
    code: 'known?.position === position && this.#ranMs() - known.atMs < freshMs',
    by: 'known !== undefined',
    noticedBy: server,
  },
  {
    id: 'a-search-is-a-pattern',
    promise: pages,
    file: 'src/runtime/audit/search-deploys.ts',
    symbol: 'matching',
    code: "typed.replace(/[\\\\%_]/g, '\\\\$&').toLowerCase()",
    by: 'typed.toLowerCase()',
    noticedBy: server,
  },
  {
    id: 'the-next-page-begins-with-the-last-one-again',
    promise: pages,
    file: 'src/runtime/audit/search-deploys.ts',
    symbol: 'matching',
    code: "query.where('requested_position', '<', after)",
    by: "query.where('requested_position', '<=', after)",
    noticedBy: server,
  },
  {
    id: 'a-search-for-a-person-ends-where-one-page-has-none',
    promise: pages,
    file: 'src/runtime/audit/search-deploys.ts',
    symbol: 'searchDeploys',
    code: 'rows.length === limit || i === most - 1',
    by: 'rows.length === limit',
    noticedBy: server,
  },
];
