/** Every read model that the log of deploys is kept with. */
import type { Projection } from '../../store/projection.ts';
import { deploysProjection } from './deploys-table.ts';
import { laneMarksProjection } from './lane-marks.ts';

export const projections: readonly Projection[] = [deploysProjection, laneMarksProjection];
