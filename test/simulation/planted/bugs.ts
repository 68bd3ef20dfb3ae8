/** Bugs of the kind that protocols like ours have had. Each must be seen by the ordinary seeds. */
import type { PlantedBug } from "./bug.ts";
import { ARRIVAL_BUGS } from "./arrivals.ts";
import { ATTEMPT_BUGS } from "./attempts.ts";
import { CHILD_BUGS } from "./children.ts";
import { DEAD_LETTER_BUGS } from "./dead-letters.ts";
import { DEADLINE_BUGS } from "./deadlines.ts";
import { DECISION_BUGS } from "./decisions.ts";
import { DELIVERY_BUGS } from "./delivery.ts";
import { MAP_BUGS } from "./maps.ts";
import { HAND_BUGS } from "./hand.ts";
import { POOL_BUGS } from "./pools.ts";
import { SCHEDULE_BUGS } from "./schedules.ts";
import { VERSION_BUGS } from "./versions.ts";

export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...ATTEMPT_BUGS,
  ...DELIVERY_BUGS,
  ...HAND_BUGS,
  ...DECISION_BUGS,
  ...ARRIVAL_BUGS,
  ...CHILD_BUGS,
  ...DEAD_LETTER_BUGS,
  ...POOL_BUGS,
  ...SCHEDULE_BUGS,
  ...DEADLINE_BUGS,
  ...MAP_BUGS,
  ...VERSION_BUGS,
];
