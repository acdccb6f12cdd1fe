/** Which kinds of target `pipeline.yml` names: an environment has exactly one, under its kind's key. */
import type { z } from 'zod';
import type { Role, TargetKind } from '../../effects/targets/target-kind.ts';
import type { NamedKinds } from './schema.ts';

export interface Fault {
  readonly path: readonly string[];
  readonly what: string;
}

/**
 * Of each environment that there is, and of production: its target's kind. Where there is one kind only, it is that one,
 * also where it is missing: the schema says so.
 *
 * @param value what the file says, unchecked
 */
export function kindsIn(
  value: unknown,
  kinds: readonly TargetKind[],
): NamedKinds | { readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const of = (role: Role): TargetKind | undefined => {
    const found = kindOf(value, role, kinds);
    if (!('what' in found)) return found;
    faults.push(found);
    return undefined;
  };
  const given = (role: Role) => (field(value, role) === undefined ? undefined : of(role));
  const named = {
    staging: given('staging'),
    canary: given('canary'),
    production: of('production'),
  };
  if (named.production === undefined || faults.length > 0) return { faults };
  return named as NamedKinds;
}

function kindOf(value: unknown, role: Role, kinds: readonly TargetKind[]): TargetKind | Fault {
  const [first] = kinds;
  if (first === undefined) throw new Error('there is no kind of target');
  const environment = field(value, role);
  // What is no map at all is the schema's to refuse, by any kind.
  if (kinds.length === 1 || typeof environment !== 'object' || environment === null) return first;
  const named = kinds.filter(({ kind }) => Object.hasOwn(environment, kind));
  const [only, another] = named;
  if (only !== undefined && another === undefined) return only;
  const known = kinds.map(({ kind }) => kind).join(' or ');
  const has = only === undefined ? 'no target' : named.map(({ kind }) => kind).join(' and ');
  return { path: [role], what: `has to have one target: ${known}; it has ${has}` };
}

/**
 * What is verified first must not be what already serves people: then nothing would be verified before. A canary may be
 * a share of the very place that production is.
 */
export async function samePlace(
  value: unknown,
  kinds: NamedKinds,
  isShare: boolean,
): Promise<z.core.$ZodIssueCustom | null> {
  const pairs: readonly (readonly [Role, Role])[] = [
    ['production', 'staging'],
    ['canary', 'staging'],
    ...(isShare ? [] : [['production', 'canary'] as const]),
  ];
  for (const [role, before] of pairs) {
    const kind = kinds[role];
    if (kind === undefined || kind !== kinds[before]) continue;
    const { nameField } = await kind.config();
    const nameOf = (of: Role) => field(field(field(value, of), kind.kind), nameField);
    const name = nameOf(role);
    if (typeof name !== 'string' || name !== nameOf(before)) continue;
    const its = before === 'canary' ? 'the canary’s' : `${before}’s`;
    return {
      code: 'custom',
      path: [role, kind.kind, nameField],
      message: `has to be another ${nameField} than ${its}`,
      input: name,
    };
  }
  return null;
}

const field = (value: unknown, name: string): unknown =>
  (value as Readonly<Record<string, unknown>> | null | undefined)?.[name];
