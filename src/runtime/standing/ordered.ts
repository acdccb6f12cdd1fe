/** Who took production back by `pipeline rollback`: a target knows the account of the token alone, the log the person. Pure. */
import type { GoingBack } from '../../machine/taken-back.ts';
import type { MarkedBack } from '../audit/lane-marks.ts';
import type { DeployFacts } from './deploy-facts.ts';
import type { Known, Told, ToldPlace } from './known.ts';

/** The same, with who ordered it in the account's place, wherever the release of that rollback is told of. */
export function withOrderer(known: Known): Known {
  const { takenBack, told, deploys } = known;
  if (takenBack === null) return known;
  return {
    ...known,
    told: toldOf(told, takenBack),
    deploys: deploys.map((facts) => metBy(facts, takenBack)),
  };
}

const isOf = ({ release }: MarkedBack, { id }: { readonly id: string }): boolean =>
  release.id === id;

const named = (back: GoingBack, taken: MarkedBack): GoingBack =>
  isOf(taken, back.release) ? { ...back, by: taken.actor } : back;

function toldOf(told: Told, taken: MarkedBack): Told {
  const place = told.kind === 'asked' ? told.places.production : undefined;
  if (told.kind !== 'asked' || place?.kind !== 'runs') return told;
  return { ...told, places: { ...told.places, production: placeOf(place, taken) } };
}

function placeOf(place: Extract<ToldPlace, { kind: 'runs' }>, taken: MarkedBack): ToldPlace {
  const { running, back } = place;
  const isIt = running !== null && isOf(taken, running.release);
  return {
    ...place,
    running: isIt ? { ...running, by: taken.actor } : running,
    back: back === null ? null : named(back, taken),
  };
}

function metBy(facts: DeployFacts, taken: MarkedBack): DeployFacts {
  const { sighting, goingsBack } = facts;
  const back = sighting?.back ?? null;
  return {
    ...facts,
    sighting:
      sighting === null || back === null ? sighting : { ...sighting, back: named(back, taken) },
    goingsBack: goingsBack.map((one) => named(one, taken)),
  };
}
