import { describe, expect, test } from "vitest";
import type { ObjectStore, PutCondition } from "../../shared/core/task-host.ts";
import type { ObjectStoreSubject } from "./object-store-subject.ts";
import { atOnce, countOf } from "./subject.ts";

const RIVALS = 50;
const KEY = "published/orders.json";

/** The part of the contract of `ObjectStore` that is about conditional puts. */
export function objectConditions(subject: () => ObjectStoreSubject): void {
  const put = (text: string, condition?: PutCondition): ReturnType<ObjectStore["put"]> =>
    subject().store.put(subject().bucket, KEY, new TextEncoder().encode(text), condition);
  const etagOf = async (putting: ReturnType<ObjectStore["put"]>): Promise<string> =>
    ((await putting) as { etag: string }).etag;
  const text = async (): Promise<string | undefined> => {
    const object = await subject().store.get(subject().bucket, KEY);
    return object === undefined ? undefined : new TextDecoder().decode(object.body);
  };

  describe("ObjectStore: conditional puts", () => {
    test("a put if absent stores where nothing is", async () => {
      expect(await put("first", { ifNoneMatch: "*" })).toMatchObject({ etag: expect.any(String) as string });

      expect(await text()).toBe("first");
    });

    test("a put if absent where something is changes nothing", async () => {
      await put("first");

      expect(await put("second", { ifNoneMatch: "*" })).toBe("changed");

      expect(await text()).toBe("first");
    });

    test("a put if absent stores again once the object was deleted", async () => {
      await put("first");
      await subject().store.delete(subject().bucket, KEY);

      expect(await put("second", { ifNoneMatch: "*" })).not.toBe("changed");
    });

    test(`of ${RIVALS} puts if absent at once, exactly one wins, and its content is there`, async () => {
      const answers = await atOnce(RIVALS, (n) => put(`writer ${n}`, { ifNoneMatch: "*" }));

      expect(countOf<unknown>(answers, "changed")).toBe(RIVALS - 1);
      expect(await text()).toBe(`writer ${answers.findIndex((answer) => answer !== "changed")}`);
    });

    test("a put if the object is still the one seen replaces it", async () => {
      const seen = await etagOf(put("first"));

      const etag = await etagOf(put("second", { ifMatch: seen }));

      expect(await text()).toBe("second");
      expect(etag).not.toBe(seen);
    });

    test("a put if the object is still the one seen changes nothing where it is another", async () => {
      const seen = await etagOf(put("first"));
      await put("second");

      expect(await put("third", { ifMatch: seen })).toBe("changed");

      expect(await text()).toBe("second");
    });

    test("a put if the object is still the one seen changes nothing where there is none", async () => {
      const seen = await etagOf(put("first"));
      await subject().store.delete(subject().bucket, KEY);

      expect(await put("second", { ifMatch: seen })).toBe("changed");

      expect(await text()).toBeUndefined();
    });

    test("the etag of a listing and of a head serve as a condition", async () => {
      await put("first");
      const [listed] = await subject().store.list(subject().bucket, KEY);

      const second = await put("second", { ifMatch: listed?.etag ?? "" });
      const head = await subject().store.head(subject().bucket, KEY);

      expect(second).not.toBe("changed");
      expect(await put("third", { ifMatch: head?.etag ?? "" })).not.toBe("changed");
    });

    test(`of ${RIVALS} that replace the same object at once, exactly one wins`, async () => {
      const seen = await etagOf(put("first"));

      const answers = await atOnce(RIVALS, (n) => put(`writer ${n}`, { ifMatch: seen }));

      expect(countOf<unknown>(answers, "changed")).toBe(RIVALS - 1);
      expect(await text()).toBe(`writer ${answers.findIndex((answer) => answer !== "changed")}`);
    });

    test("a counter that many raise by compare and put loses no raise", async () => {
      await put("0");
      await atOnce(8, async () => {
        for (;;) {
          const object = await subject().store.get(subject().bucket, KEY);
          if (object === undefined) throw new Error("the counter is gone");
          const count = Number(new TextDecoder().decode(object.body));
          if ((await put(String(count + 1), { ifMatch: object.info.etag })) !== "changed") return;
        }
      });

      expect(await text()).toBe("8");
    });
  });
}
