/**
 * Everything outside a target is target-agnostic: what only one vendor's people say stands in that vendor's folder.
 * Comments and texts count, for whoever adds another kind of target reads them too.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Words of Heroku, also as a part of a name (`herokuToken`, `crashDyno`). */
const nouns: readonly RegExp[] = [
  /heroku/i,
  /dyno/i,
  // `project-slug` (`projectSlug`) is how CircleCI's reference calls a parameter.
  /(?<!project-?)slug/i,
  /promot/i,
  /buildpack/i,
  /(?<![a-z])formation|[a-z]Formation/,
  /preboot/i,
  /procfile/i,
  /release.?phase/i,
  /config.?vars?\b/i,
];

/** Where they may stand: a folder ends with a slash. */
const allowed: Readonly<Record<string, string>> = {
  'src/effects/targets/heroku/': 'the target itself',
  'src/effects/targets/kinds.ts': 'the one line by which the program knows of the target',
  'src/sandbox/heroku/': 'its stand-in',
  'src/sandbox/sandbox.ts': 'starts the stand-ins, by their vendors’ names',
  'src/sandbox/sandbox-state.ts': 'shows the stand-ins’ worlds in their vendors’ words',
  'src/sandbox/control.ts': 'the verbs that change the stand-ins’ worlds',
  'src/sandbox/service.ts': 'the stand-ins’ names',
  'src/sandbox/server.ts': 'exports what the stand-ins are started with',
  'src/sandbox/faults.ts': 'a fault is answered as the vendor answers',
  'src/sandbox/journal.ts': 'which stand-ins’ requests are kept with their bodies',
  'src/sandbox/circleci/': 'CircleCI calls the name of a project its slug',
  'src/cli/commands/sandbox.ts': 'prints what the stand-ins are and how they are used',
};

/** The shared client knows none of those whom it asks. */
const vendors: readonly RegExp[] = [/heroku/i, /github/i, /circle[-_]?(ci|token)/i, /slack/i];

function filesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`);
}

function found(files: readonly string[], words: readonly RegExp[]): string[] {
  return files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, i) =>
        words.some((word) => word.test(line)) ? [`${file}:${i + 1} ${line.trim()}`] : [],
      ),
  );
}

const places = Object.keys(allowed);
const isAt = (place: string) => (file: string) =>
  place.endsWith('/') ? file.startsWith(place) : file === place;

describe('a vendor’s nouns', () => {
  const files = filesOf('src');

  it('stand nowhere in src but in its own folders', () => {
    const others = files.filter((file) => !places.some((place) => isAt(place)(file)));
    expect(others.length).toBeGreaterThan(100);
    expect(found(others, nouns)).toEqual([]);
  });

  it.each(places)('are needed in %s, which is allowed to have them', (place) => {
    expect(found(files.filter(isAt(place)), nouns)).not.toEqual([]);
  });

  it.each([
    ...['const herokuToken = 1;', '// `heroku ps`', 'crashNextDyno', 'the dynos are up', 'a slug'],
    ...['slugId', 'promoted', 'the app’s formation', 'readFormation', 'release phase'],
    ...['a release-phase command', 'Procfile', 'prebootEnabled', 'config vars'],
  ])('are found: %s', (line) => {
    expect(nouns.some((noun) => noun.test(line))).toBe(true);
  });

  it.each(['information', 'transformation', 'reconfigure', 'project-slug'])(
    'are not seen where there are none: %s',
    (line) => {
      expect(nouns.some((noun) => noun.test(line))).toBe(false);
    },
  );

  it('the HTTP client has none, of any vendor', () => {
    expect(found(filesOf('src/effects/http'), vendors)).toEqual([]);
  });
});
