/** What the emulator cannot show: the protocol of conditional puts, and of listings with odd keys. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { startWire, type Wire, type WireAnswer, type WireRequest } from "../../../test/contract/aws/wire.ts";
import type { ObjectStore } from "../../core/task-host.ts";
import { createClients } from "../clients.ts";
import { PART_BYTES } from "./object-files.ts";
import { createObjectStore } from "./object-store.ts";

const BODY = new TextEncoder().encode("content");

let wire: Wire | undefined;
afterEach(async () => wire?.close());

async function storeThat(
  answer: (request: WireRequest, index: number) => WireAnswer,
): Promise<{ store: ObjectStore; wire: Wire }> {
  const started = await startWire(answer);
  wire = started;
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const { s3 } = createClients({ region: "eu-west-1", endpoint: started.endpoint, credentials });
  return { store: createObjectStore(s3), wire: started };
}

const xml = (body: string, status = 200): WireAnswer => ({
  status,
  headers: { "content-type": "application/xml" },
  body: `<?xml version="1.0" encoding="UTF-8"?>${body}`,
});
const s3Fault = (status: number, code: string): WireAnswer =>
  xml(`<Error><Code>${code}</Code><Message>said S3</Message></Error>`, status);
const stored: WireAnswer = { status: 200, headers: { etag: '"e1"' } };

describe("a conditional put", () => {
  test("asks S3 to compare the entity tag, in quotes", async () => {
    const { store, wire: there } = await storeThat(() => stored);

    expect(await store.put("b", "k", BODY, { ifMatch: "e0" })).toEqual({ etag: "e1" });

    expect(there.requests[0]?.headers["if-match"]).toBe('"e0"');
    expect(there.requests[0]?.headers["if-none-match"]).toBeUndefined();
  });

  test("asks S3 to put only if absent", async () => {
    const { store, wire: there } = await storeThat(() => stored);

    await store.put("b", "k", BODY, { ifNoneMatch: "*" });

    expect(there.requests[0]?.headers["if-none-match"]).toBe("*");
    expect(there.requests[0]?.headers["if-match"]).toBeUndefined();
  });

  test.each([
    ["the condition does not hold", 412, "PreconditionFailed"],
    ["somebody else is writing the key", 409, "ConditionalRequestConflict"],
    ["there is nothing to match", 404, "NoSuchKey"],
  ])("is `changed` when %s", async (_, status, code) => {
    const { store } = await storeThat(() => s3Fault(status, code));

    expect(await store.put("b", "k", BODY, { ifMatch: "e0" })).toBe("changed");
  });

  test("rejects with what S3 says of anything else", async () => {
    const { store } = await storeThat(() => s3Fault(403, "AccessDenied"));

    await expect(store.put("b", "k", BODY, { ifMatch: "e0" })).rejects.toThrow("said S3");
  });

  test("an unconditional put takes no conflict for a change", async () => {
    const { store, wire: there } = await storeThat(() => s3Fault(412, "PreconditionFailed"));

    await expect(store.put("b", "k", BODY)).rejects.toThrow("said S3");
    expect(there.requests[0]?.headers["if-match"]).toBeUndefined();
  });
});

describe("a listing", () => {
  const page = (keys: readonly string[], next?: string): WireAnswer => {
    const contents = keys.map(
      (key) => `<Contents><Key>${key}</Key><Size>1</Size><ETag>&quot;e&quot;</ETag></Contents>`,
    );
    const more = next === undefined ? "" : `<NextContinuationToken>${next}</NextContinuationToken>`;
    return xml(`<ListBucketResult><EncodingType>url</EncodingType>${contents.join("")}${more}</ListBucketResult>`);
  };

  test("asks for encoded keys, and gives plain ones", async () => {
    const { store, wire: there } = await storeThat(() => page(["a+b%2Bc%0D%0A%25.csv", "na%C3%AFve/%F0%9F%98%80"]));

    const keys = (await store.list("b", "a")).map(({ key }) => key);

    expect(keys).toEqual(["a b+c\r\n%.csv", "naïve/😀"]);
    expect(there.requests[0]?.path).toContain("encoding-type=url");
  });

  test("follows its pages to the end", async () => {
    const { store, wire: there } = await storeThat((_, index) => (index === 0 ? page(["a"], "t+1") : page(["b"])));

    expect((await store.list("b", "")).map(({ key }) => key)).toEqual(["a", "b"]);

    expect(there.requests[1]?.path).toContain("continuation-token=t%2B1");
  });

  test("is in the order of code units, which is not S3's", async () => {
    const [astral, high] = ["😀", "\uFB00"];
    const { store } = await storeThat(() => page([encodeURIComponent(high), encodeURIComponent(astral)]));

    expect((await store.list("b", "")).map(({ key }) => key)).toEqual([astral, high]);
  });
});

test("a copy names its source, whatever its characters", async () => {
  const { store, wire: there } = await storeThat(() => xml("<CopyObjectResult><ETag>e</ETag></CopyObjectResult>"));

  await store.copy("b", "a b/+%#?/é.csv", "to");

  expect(there.requests[0]?.headers["x-amz-copy-source"]).toBe("b/a%20b/%2B%25%23%3F/%C3%A9.csv");
});

describe("the upload of a file above one part", () => {
  const begun = xml("<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>");
  const partNumber = (request: WireRequest): string | undefined => /partNumber=(\d+)/.exec(request.path)?.[1];
  let scratch: string | undefined;
  afterEach(async () => {
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
  });
  async function aFile(bytes: number): Promise<string> {
    scratch = await mkdtemp(join(tmpdir(), "freshet-upload-"));
    const path = join(scratch, "file");
    await writeFile(path, Buffer.alloc(bytes, "0123456789"));
    return path;
  }

  test("sends every part, and joins them in their order", async () => {
    const { store, wire: there } = await storeThat((request) => {
      if (request.method === "PUT") return { status: 200, headers: { etag: `"p${partNumber(request)}"` } };
      if (request.path.includes("uploads")) return begun;
      return xml("<CompleteMultipartUploadResult><ETag>&quot;whole-2&quot;</ETag></CompleteMultipartUploadResult>");
    });

    expect(await store.upload("b", "k", await aFile(PART_BYTES + 10))).toEqual({ etag: "whole-2" });

    const joined = String(there.requests.at(-1)?.body);
    expect(joined.indexOf("p1")).toBeLessThan(joined.indexOf("p2"));
    expect(there.requests.filter((request) => partNumber(request) !== undefined)).toHaveLength(2);
  });

  test("that fails is aborted, so that no part stays to be paid for", async () => {
    const { store, wire: there } = await storeThat((request) => {
      if (request.method === "PUT") return s3Fault(403, "AccessDenied");
      return request.method === "DELETE" ? { status: 204 } : begun;
    });

    await expect(store.upload("b", "k", await aFile(PART_BYTES + 10))).rejects.toThrow("said S3");

    expect(there.requests.at(-1)).toMatchObject({
      method: "DELETE",
      path: expect.stringContaining("uploadId=u1") as string,
    });
  });
});
