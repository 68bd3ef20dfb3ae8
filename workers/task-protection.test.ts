import { afterEach, describe, expect, test } from "vitest";
import { json, startWire, type Wire } from "../test/contract/aws/wire.ts";
import { createTaskProtection } from "./task-protection.ts";

let wire: Wire | undefined;
afterEach(() => wire?.close());

const noFault = (what: string, error: unknown): never => {
  throw new Error(`${what}: ${String(error)}`);
};

describe("a container with work", () => {
  test("tells ECS so when it begins, and when it has none any more", async () => {
    wire = await startWire(() => json({ protection: {} }));
    const protection = createTaskProtection(`${wire.endpoint}/api/abc`, noFault);

    for (const busy of [true, true, false]) await protection.set(busy);

    protection.close();
    expect(
      wire.requests.map(({ method, path, body }) => [method, path, JSON.parse(body.toString()) as unknown]),
    ).toEqual([
      ["PUT", "/api/abc/task-protection/v1/state", { ProtectionEnabled: true, ExpiresInMinutes: 120 }],
      ["PUT", "/api/abc/task-protection/v1/state", { ProtectionEnabled: false }],
    ]);
  });

  test("works on if ECS refuses, and says why", async () => {
    wire = await startWire(() => json({ failure: { Reason: "DEPLOYMENT_BLOCKED" } }));
    const faults: string[] = [];
    const protection = createTaskProtection(wire.endpoint, (what, error) => faults.push(`${what}: ${String(error)}`));

    await protection.set(true);

    protection.close();
    expect(faults).toEqual([
      'ECS did not take the protection of this container: Error: 200: {"failure":{"Reason":"DEPLOYMENT_BLOCKED"}}',
    ]);
  });

  test("has nobody to tell outside of ECS", async () => {
    const protection = createTaskProtection(undefined, noFault);

    await expect(protection.set(true)).resolves.toBeUndefined();
  });
});
