import { setTimeout as wait } from "node:timers/promises";
import { PutEventsCommand, type EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { Fact } from "../core/events.ts";
import type { EventBus } from "../ports/event-bus.ts";
import { batchesOf, jittered, type BatchLimits } from "./batches.ts";

/** Tries of an entry that the bus did not take, the first included. */
export const FACT_TRIES_MAX = 3;
const FACT_DELAY_MS = 100;
const FACT_DELAY_MS_MAX = 1_000;
/** Of one PutEvents: ten entries and 256 KB, in which each entry's source, type and time count too. */
const BATCH: BatchLimits = { count: 10, bytes: 240 * 1024 };

/** The `source` that rules match on. */
const FACT_SOURCE = "freshet";

export interface EventBusSettings {
  readonly client: EventBridgeClient;
  readonly busName: string;
  /** Told of facts that are lost, with the bus's reason; nothing sends them again. */
  readonly onLost: (facts: readonly Fact[], reason: string) => void;
  /** How to wait between tries, in milliseconds. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/** Facts on EventBridge. `publish` never rejects: what was committed does not fail because nobody could be told. */
export function createEventBus(settings: EventBusSettings): EventBus {
  return {
    async publish(facts) {
      const letters = facts.map(letterOf);
      for (const batch of batchesOf(letters, BATCH, ({ detail }) => Buffer.byteLength(detail))) {
        await publishBatch(settings, batch);
      }
    },
  };
}

interface Letter {
  readonly fact: Fact;
  readonly detail: string;
}

/** A run with thousands of failed tasks is still told, with as many of them as fit. */
function letterOf(fact: Fact): Letter {
  for (let failed = fact.failed; ; failed = failed.slice(0, failed.length >> 1)) {
    const detail = JSON.stringify({ ...fact, failed });
    if (failed.length === 0 || Buffer.byteLength(detail) <= BATCH.bytes) return { fact, detail };
  }
}

async function publishBatch(settings: EventBusSettings, batch: readonly Letter[]): Promise<void> {
  const { onLost, pause = wait } = settings;
  let left = batch;
  for (let tries = 1; ; tries++) {
    const answer = await put(settings, left);
    if (answer.left.length === 0) return;
    if (tries === FACT_TRIES_MAX || answer.fault) {
      onLost(
        answer.left.map(({ fact }) => fact),
        answer.reason,
      );
      return;
    }
    left = answer.left;
    await pause(jittered(FACT_DELAY_MS, tries, FACT_DELAY_MS_MAX));
  }
}

interface Answer {
  readonly left: readonly Letter[];
  readonly reason: string;
  /** The call itself failed, after all tries of the SDK. */
  readonly fault: boolean;
}

async function put({ client, busName }: EventBusSettings, letters: readonly Letter[]): Promise<Answer> {
  const Entries = letters.map(({ fact, detail }) => ({
    EventBusName: busName,
    Source: FACT_SOURCE,
    DetailType: fact.type,
    Detail: detail,
    Time: new Date(fact.at),
  }));
  try {
    // Answers 200 with the entries that failed inside, in the order of the request.
    const { Entries: answers = [] } = await client.send(new PutEventsCommand({ Entries }));
    const left = letters.filter((_, index) => answers[index]?.ErrorCode !== undefined);
    const failed = answers.find((answer) => answer.ErrorCode !== undefined);
    return { left, reason: `${failed?.ErrorCode ?? ""}: ${failed?.ErrorMessage ?? ""}`, fault: false };
  } catch (error) {
    return { left: letters, reason: String(error), fault: true };
  }
}
