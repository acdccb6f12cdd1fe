/** Builds: what they need, how they go on, what they leave behind. */
import { describe, expect, it } from 'vitest';
import { shaA, shaB, staging, visit } from '../visitor.ts';

describe('a build', () => {
  it('is pending until its time has passed, then succeeded with slug and release', async () => {
    const { visitor, pass } = visit({ timing: { buildMs: 1_000 } });
    const { id } = await visitor.build(staging, shaA, 'lockstep 501');
    const look = async () => (await visitor.heroku('GET', `/apps/${staging}/builds/${id}`)).body;
    pass(999);
    expect(await look()).toMatchObject({ status: 'pending', slug: null, release: null });
    pass(1);
    const built = await look();
    expect(built).toMatchObject({
      status: 'succeeded',
      source_blob: { version: shaA, version_description: 'lockstep 501' },
    });
    const slug = await visitor.heroku('GET', `/apps/${staging}/slugs/${built.slug.id}`);
    expect(slug.body.commit).toBe(shaA);
    const [newest] = await visitor.releases(staging);
    expect(newest).toMatchObject({
      id: built.release.id,
      version: 4,
      description: 'Deploy a1b2c3d4',
      status: 'succeeded',
      current: true,
    });
  });

  it('took as long as it took, no matter how late somebody looks', async () => {
    const { visitor, pass } = visit({ timing: { buildMs: 1_000 } });
    await visitor.build(staging, shaA);
    pass(60_000);
    const [newest] = await visitor.releases(staging);
    expect(newest.created_at).toBe('2026-01-05T10:00:01Z');
  });

  it('leaves no slug and no release when it fails, and fails but once', async () => {
    const { sandbox, visitor, pass } = visit();
    sandbox.control.failNextBuild({ app: staging });
    const first = await visitor.build(staging, shaA);
    pass(5_000);
    const second = await visitor.build(staging, shaA);
    pass(5_000);
    const { body } = await visitor.heroku('GET', `/apps/${staging}/builds`);
    expect(body).toMatchObject([
      { id: first.id, status: 'failed', slug: null, release: null },
      { id: second.id, status: 'succeeded' },
    ]);
    expect((await visitor.releases(staging))[0].version).toBe(4);
  });

  it('waits for the one before it', async () => {
    const { visitor, pass } = visit({ timing: { buildMs: 1_000 } });
    await visitor.build(staging, shaA);
    await visitor.build(staging, shaB);
    const statuses = async () =>
      (await visitor.heroku('GET', `/apps/${staging}/builds`)).body.map(
        ({ status }: { status: string }) => status,
      );
    pass(1_000);
    expect(await statuses()).toEqual(['succeeded', 'pending']);
    pass(1_000);
    expect(await statuses()).toEqual(['succeeded', 'succeeded']);
  });

  it('names no commit in its slug when its version is not one', async () => {
    const { visitor, pass } = visit();
    await visitor.build(staging, 'unknown');
    pass(5_000);
    const [{ slug, description }] = await visitor.releases(staging);
    const found = await visitor.heroku('GET', `/apps/${staging}/slugs/${slug.id}`);
    expect([found.body.commit, description]).toEqual([null, 'Deploy unknown']);
  });

  it('is refused without a tarball that was uploaded to a place of Heroku’s', async () => {
    const { visitor } = visit();
    const place = (await visitor.heroku('POST', `/apps/${staging}/sources`)).body.source_blob;
    const urls = [place.get_url, place.put_url, 'https://elsewhere.test/a.tgz', 'no url'];
    for (const url of [...urls, undefined]) {
      const { status, body } = await visitor.heroku('POST', `/apps/${staging}/builds`, {
        source_blob: { url, version: shaA },
      });
      expect([status, body.id], url).toEqual([422, 'invalid_params']);
    }
    expect((await visitor.heroku('GET', `/apps/${staging}/builds`)).body).toEqual([]);
  });
});

describe('a build’s output', () => {
  it('grows with the build, and goes on where an earlier read ended', async () => {
    const { visitor, pass } = visit();
    const { output_stream_url } = await visitor.build(staging, shaA);
    const { pathname, search } = new URL(output_stream_url);
    const begun = await visitor.get('sources', pathname + search);
    expect([begun.status, begun.text]).toEqual([200, expect.stringContaining('Ruby app detected')]);
    const range = { range: `bytes=${Buffer.byteLength(begun.text)}-` };
    expect((await visitor.get('sources', pathname + search, range)).status).toBe(416);
    pass(5_000);
    const more = await visitor.get('sources', pathname + search, range);
    expect([more.status, more.text]).toEqual([206, expect.stringMatching(/^-----> Compressing/)]);
    expect((await visitor.get('sources', pathname)).status).toBe(403);
  });

  it('says why it failed', async () => {
    const { sandbox, visitor, pass } = visit();
    sandbox.control.failNextBuild({ app: staging });
    const { output_stream_url } = await visitor.build(staging, shaA);
    pass(5_000);
    const { pathname, search } = new URL(output_stream_url);
    expect((await visitor.get('sources', pathname + search)).text).toContain('Push rejected');
  });
});
