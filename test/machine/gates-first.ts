/** The chart, but that the gates are read as soon as the lane is held, before anything is deployed. */
import type { ChartDefinition } from '../../src/machine/definition.ts';

export function gatesFirst({ states, transitions, ...same }: ChartDefinition): ChartDefinition {
  const observed = transitions.filter(({ event }) => event === 'deploy.observed');
  const passed = transitions.filter(({ event }) => event === 'gates.passed');
  return {
    ...same,
    states,
    transitions: transitions.flatMap((one): ChartDefinition['transitions'] => {
      if (one === observed[0]) return [{ ...one, guard: null, target: 'verifying.gates' }];
      // From the gates to where the observed deploy went on.
      if (one === passed[0]) {
        return observed.map((way) => ({
          ...way,
          event: 'gates.passed',
          from: one.from,
          actions: ['passGates'],
        }));
      }
      if (observed.includes(one) || passed.includes(one)) return [];
      // From the checks to where the open gates led.
      if (one.target !== 'verifying.gates') return [one];
      const isCanary = one.from.includes('canary');
      return passed
        .filter(({ guard }) => !isCanary || guard === null)
        .map((way) => ({ ...one, guard: way.guard ?? one.guard, target: way.target }));
    }),
  };
}
