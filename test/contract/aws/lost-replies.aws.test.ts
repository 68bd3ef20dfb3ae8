/** The SDK sends a request again whose reply was lost: the second try finds the first one's own write in its way. */
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { emulatorSettings, freshTable, type FreshTable } from "../../../scripts/emulators/resources.ts";
import { createAuditLog } from "../../../shared/aws/dynamo/audit-log.ts";
import { createAttemptStore } from "../../../shared/aws/dynamo/attempt-store.ts";
import { createClients } from "../../../shared/aws/clients.ts";
import { createDagStore } from "../../../shared/aws/dynamo/dag-store.ts";
import { createInbox } from "../../../shared/aws/dynamo/inbox.ts";
import { createRunStore } from "../../../shared/aws/dynamo/run-store.ts";
import { ATTEMPTS_TABLE, ENGINE_TABLE } from "../../../shared/aws/dynamo/tables.ts";
import { commitId, dagId, triggerId } from "../../../shared/core/ids.ts";
import { plus } from "../../../shared/core/time.ts";
import { A_PAUSE, NOON, aDagRecord, aRun, aSuccess, anArrival, anAttemptKey } from "../../builders/index.ts";
import { present } from "../subject.ts";
import { dynamoClients, hasDynamo, noBlobs } from "./subjects.ts";
import { startWire, type Wire, type WireAnswer, type WireRequest } from "./wire.ts";

const KEY = anAttemptKey();
const CLAIM = { owner: "ann", at: NOON, leaseUntil: plus(NOON, 90_000) };

describe.skipIf(!hasDynamo())("on DynamoDB, when the reply to a write is lost", () => {
  let tables: FreshTable[];
  let wire: Wire;
  /** Replies to be lost from now on. */
  let losses: number;

  async function forward({ method, path, headers, body }: WireRequest): Promise<WireAnswer> {
    const passed = Object.entries(headers).filter(([name]) => name.startsWith("x-amz") || name === "authorization");
    const reply = await fetch(`${inject("dynamoEndpoint") ?? ""}${path}`, {
      method,
      headers: passed.map(([name, value]): [string, string] => [name, String(value)]),
      body: new Uint8Array(body),
    });
    const text = await reply.text();
    if (losses-- > 0) return "drop";
    return { status: reply.status, headers: { "content-type": "application/x-amz-json-1.0" }, body: text };
  }

  beforeEach(async () => {
    losses = 0;
    wire = await startWire(forward);
    const { dynamo } = dynamoClients();
    const lossy = createClients({ ...emulatorSettings, endpoint: wire.endpoint }).dynamo;
    const made = await Promise.all([ENGINE_TABLE, ATTEMPTS_TABLE].map((table) => freshTable(dynamo, table)));
    tables = made.map((table) => ({ ...table, client: lossy }));
  });
  afterEach(async () => {
    await Promise.all(tables.map((table) => table.close()));
    await wire.close();
  });

  const engine = (): FreshTable => present(tables[0]);
  const attempts = () => createAttemptStore(present(tables[1]));

  test("the create of a run is a success", async () => {
    const runs = createRunStore(engine());
    losses = 1;

    expect(await runs.create(aRun(), commitId("c1"))).toBe("created");
  });

  test("the commit of a run is a success, written once, and a rival's is stale", async () => {
    const runs = createRunStore(engine());
    await runs.create(aRun(), commitId("c1"));
    const read = present(await runs.load(aRun().runId));
    losses = 2;

    expect(await runs.commit(read, aRun({ state: "running" }), commitId("c2"))).toBe("committed");

    expect(await runs.load(aRun().runId)).toEqual({ value: aRun({ state: "running" }), version: 2 });
    expect(await runs.commit(read, aRun({ state: "failed" }), commitId("c3"))).toBe("stale");
  });

  test("the commit of an operator's act is a success, with its entry, written once", async () => {
    const runs = createRunStore(engine());
    await runs.create(aRun(), commitId("c1"));
    const read = present(await runs.load(aRun().runId));
    const subject = { kind: "run", id: aRun().runId } as const;
    const entry = { subject, at: NOON, by: "ann", reason: "", action: "pause", before: {}, after: {} };
    losses = 2;

    expect(await runs.commit(read, aRun({ epoch: 2 }), commitId("c2"), entry)).toBe("committed");

    expect(await createAuditLog(engine()).list(subject, 10)).toEqual([{ ...entry, version: 2 }]);
  });

  test("the commit of a DAG is a success", async () => {
    const dags = createDagStore(engine(), noBlobs);
    await dags.create(aDagRecord(), commitId("c1"));
    const read = present(await dags.load(dagId("orders")));
    losses = 1;

    expect(await dags.commit(read, aDagRecord({ paused: A_PAUSE }), commitId("c2"))).toBe("committed");
  });

  test("an arrival is new to the one who put it, and known to the next", async () => {
    const inbox = createInbox(engine());
    losses = 1;

    expect(await inbox.put(anArrival())).toBe("new");

    expect(await inbox.put(anArrival())).toBe("known");
    const name = { dagId: dagId("orders"), triggerId: triggerId("files") };
    expect(await inbox.waiting(name, 10)).toEqual([anArrival()]);
  });

  test("a claim is the claimer's", async () => {
    losses = 1;

    expect(await attempts().claim(KEY, CLAIM)).toBe("claimed");
  });

  test("a heartbeat has renewed the lease", async () => {
    await attempts().claim(KEY, CLAIM);
    losses = 1;

    expect(await attempts().heartbeat(KEY, "ann", plus(NOON, 180_000))).toBe("renewed");
  });

  test("a finish is finished", async () => {
    await attempts().claim(KEY, CLAIM);
    losses = 1;

    expect(await attempts().finish(KEY, "ann", aSuccess(1), plus(NOON, 1))).toBe("finished");
  });

  test("a close has closed, with the lease that it saw", async () => {
    await attempts().claim(KEY, CLAIM);
    losses = 1;

    const item = await attempts().close(KEY, { reason: "lost", at: plus(NOON, 1), lease: CLAIM.leaseUntil });

    expect(item).toMatchObject({ status: "closed", owner: "ann", reason: "lost" });
  });

  test("a close of what nobody had claimed has revoked", async () => {
    losses = 1;

    expect((await attempts().close(KEY, { reason: "cancelled", at: NOON })).status).toBe("revoked");
  });
});
