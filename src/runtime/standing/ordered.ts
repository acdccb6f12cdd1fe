/** Who took production back by `pipeline rollback`: a target knows the account of the token alone, the log the person. Pure. */
import type { GoingBack } from '../../machine/taken-back.ts';
import type { DeployFacts } from './deploy-facts.ts';
import type { Known, Told, ToldPlace } from './known.ts';

/** The same, with who ordered it in the account's place, wherever the release of a person's rollback is told of. */
export function withOrderer(known: Known): Known {
  const { takenBack, told, deploys } = known;
  const named: Named = (release, by) =>
    takenBack.find((one) => one.release.id === release.id)?.actor ?? by;
  return {
    ...known,
    told: toldOf(told, named),
    deploys: deploys.map((facts) => metBy(facts, named)),
  };
}

/** Who made that release; `by`: as the target names people. */
type Named = (release: { readonly id: string }, by: string) => string;

const backBy = (back: GoingBack, named: Named): GoingBack => ({
  ...back,
  by: named(back.release, back.by),
});

function toldOf(told: Told, named: Named): Told {
  const place = told.kind === 'asked' ? told.places.production : undefined;
  if (told.kind !== 'asked' || place?.kind !== 'runs') return told;
  return { ...told, places: { ...told.places, production: placeOf(place, named) } };
}

function placeOf(place: Extract<ToldPlace, { kind: 'runs' }>, named: Named): ToldPlace {
  const { running, back } = place;
  return {
    ...place,
    running: running && { ...running, by: named(running.release, running.by) },
    back: back && backBy(back, named),
  };
}

function metBy(facts: DeployFacts, named: Named): DeployFacts {
  const { sighting } = facts;
  return {
    ...facts,
    sighting: sighting && { ...sighting, back: sighting.back && backBy(sighting.back, named) },
  };
}
