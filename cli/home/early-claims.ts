/** Claims that are made along with the commit which dispatches their attempts, until those are sent. */
import type { Claim } from "../../shared/app/attempt/run-attempt.ts";
import { attemptKeyText, type AttemptKey, type CommitId } from "../../shared/core/ids.ts";
import { plus, type Instant } from "../../shared/core/time.ts";
import type { Clock, Ids } from "../../shared/ports/clock.ts";

/** Claims an attempt if the commit is the last one of its run. */
export type ClaimAlong = (
  key: AttemptKey,
  claim: Claim & { readonly leaseUntil: Instant },
  commit: CommitId,
) => Promise<boolean>;

export interface EarlyClaims {
  /** How many are on their way, or made and not taken yet. */
  count(): number;
  /** Nothing happens if there is one of this attempt. */
  claim(key: AttemptKey, commit: CommitId): void;
  /** The attempt has been sent. Resolves with undefined if its claim did not come about; undefined if none was made. */
  take(key: AttemptKey): Promise<Claim | undefined> | undefined;
}

interface Options {
  readonly claimAlong: ClaimAlong;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly leaseMs: number;
}

export function createEarlyClaims({ claimAlong, clock, ids, leaseMs }: Options): EarlyClaims {
  const open = new Map<string, Promise<Claim | undefined>>();
  return {
    count: () => open.size,
    claim(key, commit) {
      const name = attemptKeyText(key);
      if (open.has(name)) return;
      const claim = { owner: ids.owner(), at: clock.now() };
      const made = claimAlong(key, { ...claim, leaseUntil: plus(claim.at, leaseMs) }, commit)
        .catch(() => false) // What is wrong with the file, the commit says.
        .then((ours) => {
          if (!ours) open.delete(name);
          return ours ? claim : undefined;
        });
      open.set(name, made);
    },
    take(key) {
      const name = attemptKeyText(key);
      const made = open.get(name);
      open.delete(name);
      return made;
    },
  };
}
