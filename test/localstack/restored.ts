/** Names of the tables that the rehearsal of a restore makes. */
export const RESTORED = { engine: "engine-restored", attempts: "attempts-restored" } as const;
