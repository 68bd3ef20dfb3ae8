import { afterEach, expect, test } from "vitest";
import { json, jsonOf, startWire, type Wire } from "../../../test/contract/aws/wire.ts";
import { dagId } from "../../core/ids.ts";
import { createClients } from "../clients.ts";
import { createRunStore } from "./run-store.ts";

let wire: Wire | undefined;
afterEach(async () => wire?.close());

/** A state that none of very many runs has: every page of the index is empty, and another follows. */
test("a listing that finds nothing in many pages gives a short page, and where to go on", async () => {
  const order = (page: number): string => `2026-01-01T00:00:00.${String(999 - page).padStart(3, "0")}Z#orders.r`;
  const started = await startWire((_, index) =>
    json({ Items: [], LastEvaluatedKey: { order: { S: order(index) }, pk: { S: "RUN#orders.r" }, sk: { S: "RUN" } } }),
  );
  wire = started;
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const { dynamo } = createClients({ region: "eu-west-1", endpoint: started.endpoint, credentials });
  const runs = createRunStore({ client: dynamo, tableName: "t" });

  const page = await runs.list({ dagId: dagId("orders"), state: "failed", limit: 10 });

  expect(page).toEqual({ runs: [], next: order(started.requests.length - 1) });
  expect(started.requests).toHaveLength(10);
  expect(jsonOf(started.requests[0])).toMatchObject({ FilterExpression: "#state = :state", ScanIndexForward: false });
});
