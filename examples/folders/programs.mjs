/** The four programs of the protocol over folders, each a function: what it is told in, what it says and its exit code out. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, Place } from './place.mjs';

const exitCodes = { done: 0, failed: 1, refused: 10, temporary: 75 };

/** @param io { env, say(line), warn(text), now(), unpack(file, folder), at(boundary) } */
export const programs = {
  /** Called again with a key that it knows, it answers the same and changes nothing. */
  deploy(io) {
    const { LOCKSTEP_KEY: key, LOCKSTEP_COMMIT: commit, LOCKSTEP_SHARE: percent } = io.env;
    const place = placeOf(io);
    if (!place.lock()) {
      io.warn('another deploy is under way here');
      return exitCodes.temporary;
    }
    try {
      const known = place.releases().find((one) => one.key === key && one.state !== 'failed');
      if (known !== undefined) return released(io, known.number);
      io.at('locked');
      const artifact = artifactOf(io, place);
      if (artifact === null) return exitCodes.refused;
      io.say({ type: 'artifact', ...artifact });
      const by = io.env.USER ?? 'ci';
      const at = new Date(io.now()).toISOString();
      // What answers requests reads the share where it reads what runs: both are switched at one instant.
      const share = percent === undefined ? null : Number(percent);
      const number = place.make({
        commit,
        artifact,
        share,
        key,
        at,
        by,
        rollback: false,
        description: '',
      });
      io.at('made');
      place.switchTo(number);
      io.at('switched');
      return released(io, number);
    } finally {
      place.unlock();
    }
  },

  current(io) {
    const place = placeOf(io);
    const releases = place.releases();
    for (const { previous: _, share: __, ...release } of releases) {
      const { number, commit } = release;
      const artifact = { ...release.artifact, commit };
      io.say({ type: 'release', id: String(number), version: `v${number}`, ...release, artifact });
    }
    const { running } = place;
    io.say({
      type: 'end',
      releases: releases.length,
      running: running === null ? null : String(running),
      whole: true,
    });
    return exitCodes.done;
  },

  /** The servers that were begun here say what they are in `instances.json`. */
  health(io) {
    const place = placeOf(io);
    const file = join(place.folder, 'instances.json');
    const none = { wanted: 1, listed: [] };
    const { wanted, listed } = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : none;
    // A server asks the link at each request: it runs what runs.
    const release = String(place.running);
    const told = listed.map(({ pid, ...instance }) => {
      const state = pid === undefined || isAlive(pid) ? instance.state : 'crashed';
      return { type: 'instance', release, ...instance, state };
    });
    for (const instance of told) io.say(instance);
    const up = told.filter(({ state }) => state === 'up').length;
    io.say({ type: 'end', instances: told.length, up, wanted });
    return exitCodes.done;
  },

  restore(io) {
    const { LOCKSTEP_KEY: key, LOCKSTEP_RESTORE: to } = io.env;
    const place = placeOf(io);
    if (!place.lock()) return exitCodes.temporary;
    try {
      const known = place.releases().find((one) => one.key === key && one.state !== 'failed');
      if (known !== undefined) return released(io, known.number);
      const { commit, artifact, share } = place.read(Number(to));
      const at = new Date(io.now()).toISOString();
      const description = `back to v${to}`;
      const number = place.make({
        commit,
        artifact,
        share,
        key,
        at,
        by: 'ci',
        rollback: true,
        description,
      });
      io.at('made');
      place.switchTo(number);
      return released(io, number);
    } finally {
      place.unlock();
    }
  },
};

const placeOf = ({ env }) => new Place(env.FOLDERS, env.LOCKSTEP_ENVIRONMENT);

function released(io, number) {
  io.say({ type: 'release', id: String(number) });
  return exitCodes.done;
}

/** What was verified, or what is made of the commit's files; null: it is not here. */
function artifactOf(io, place) {
  const { LOCKSTEP_ARTIFACT: id, LOCKSTEP_ARTIFACT_DIGEST: digest, LOCKSTEP_SOURCE: file } = io.env;
  if (id === undefined) return place.keep(readFileSync(file), (folder) => io.unpack(file, folder));
  const found = place.has(id);
  if (!found) io.warn(`there is no artifact ${id} here`);
  return found ? { kind: 'folder', id, digest } : null;
}
