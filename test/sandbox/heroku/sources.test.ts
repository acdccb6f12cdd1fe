/** The storage takes one tarball at each place, as its signature says, for an hour. */
import { expect, it } from 'vitest';
import { tarball, type Visitor, visit } from '../visitor.ts';

const place = async (visitor: Visitor): Promise<{ put_url: string; get_url: string }> =>
  (await visitor.heroku('POST', '/sources')).body.source_blob;

it('a tarball is uploaded once, and downloaded as it was sent', async () => {
  const { sandbox, visitor } = visit();
  const { put_url, get_url } = await place(visitor);
  expect((await visitor.put(put_url, tarball)).status).toBe(200);
  const second = await visitor.put(put_url, tarball);
  expect([second.status, second.text]).toEqual([403, expect.stringContaining('AccessDenied')]);
  const download = await sandbox.fetch('sources', new Request(get_url));
  expect([download.status, Buffer.from(await download.arrayBuffer())]).toEqual([200, tarball]);
});

it('an upload is refused after an hour', async () => {
  const { visitor, pass } = visit();
  const [early, late] = [await place(visitor), await place(visitor)];
  pass(60 * 60_000);
  expect((await visitor.put(early.put_url, tarball)).status).toBe(200);
  pass(1);
  expect((await visitor.put(late.put_url, tarball)).status).toBe(403);
});

it('an upload is refused that is not what was signed, or no gzip, and may then be sent right', async () => {
  const { visitor } = visit();
  const { put_url, get_url } = await place(visitor);
  const refused = async (url: string, body = tarball, headers = {}) =>
    (await visitor.put(url, body, headers)).text;
  expect(await refused(get_url)).toContain('SignatureDoesNotMatch');
  expect(await refused(put_url, tarball, { 'content-type': 'application/gzip' })).toContain(
    'SignatureDoesNotMatch',
  );
  expect(await refused(put_url, tarball, { authorization: 'Bearer x' })).toContain(
    'SignatureDoesNotMatch',
  );
  expect(await refused(put_url, Buffer.from('PK not gzip'))).toContain('AccessDenied');
  expect((await visitor.put(put_url, tarball)).status).toBe(200);
});
