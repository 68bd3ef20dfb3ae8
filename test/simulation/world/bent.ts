/** What a world is bent on: what happens seldom in one world is all that happens in another. */
import type { Random } from "../../../shared/simulated/random.ts";

export const BENTS = ["anything", "files", "children", "hands", "pools", "backfills", "edits", "versions"] as const;
export type Bent = (typeof BENTS)[number];

/** Half of the worlds have a bit of everything. */
export const bentOf = (random: Random): Bent => (random.chance(0.5) ? "anything" : random.pick(BENTS));

/** How much more often something is done in a world that is bent on it. */
export const BENT_MORE = 8;
