/** The user's buckets on S3, as tasks reach them. */
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  S3ServiceException,
  type S3Client,
} from "./s3.ts";
import { FreshetError } from "../../core/errors.ts";
import type { ObjectInfo, ObjectStore, PutCondition } from "../../core/task-host.ts";
import { instant, iso } from "../../core/time.ts";
import { downloadObject, uploadFile } from "./object-files.ts";

/** S3's limit, in UTF-8. */
const OBJECT_KEY_BYTES_MAX = 1_024;

export function createObjectStore(client: S3Client): ObjectStore {
  return {
    async get(bucket, key) {
      const found = await orUndefined(client.send(new GetObjectCommand(address(bucket, key))));
      if (found === undefined) return undefined;
      const body = (await found.Body?.transformToByteArray()) ?? new Uint8Array();
      return { body, info: infoOf(key, found.ContentLength, found.ETag, found.LastModified) };
    },

    async head(bucket, key) {
      const found = await orUndefined(client.send(new HeadObjectCommand(address(bucket, key))));
      return found && infoOf(key, found.ContentLength, found.ETag, found.LastModified);
    },

    async put(bucket, key, body, condition) {
      return putObject(client, { ...address(bucket, key), Body: body }, condition);
    },
    list: (bucket, prefix) => listObjects(client, bucket, prefix),

    async copy(bucket, from, to) {
      const CopySource = `${bucket}/${address(bucket, from).Key.split("/").map(encodeURIComponent).join("/")}`;
      const copied = await orUndefined(client.send(new CopyObjectCommand({ ...address(bucket, to), CopySource })));
      return copied === undefined ? "missing" : "copied";
    },

    async delete(bucket, key) {
      await client.send(new DeleteObjectCommand(address(bucket, key)));
    },

    async download(bucket, key, scratch) {
      const found = await orUndefined(client.send(new GetObjectCommand(address(bucket, key))));
      return found?.Body === undefined ? undefined : downloadObject(found.Body, key, scratch);
    },

    async upload(bucket, key, path) {
      return { etag: plainEtag(await uploadFile(client, address(bucket, key), path)) };
    },
  };
}

async function putObject(
  client: S3Client,
  object: { readonly Bucket: string; readonly Key: string; readonly Body: Uint8Array },
  condition?: PutCondition,
): Promise<{ readonly etag: string } | "changed"> {
  try {
    const { ETag } = await client.send(new PutObjectCommand({ ...object, ...headersOf(condition) }));
    return { etag: plainEtag(ETag) };
  } catch (error) {
    if (condition !== undefined && isChanged(error)) return "changed";
    throw error;
  }
}

function headersOf(condition: PutCondition | undefined): { IfMatch?: string; IfNoneMatch?: string } {
  if (condition === undefined) return {};
  return "ifMatch" in condition ? { IfMatch: `"${condition.ifMatch}"` } : { IfNoneMatch: condition.ifNoneMatch };
}

/** 412: the condition does not hold. 409: somebody writes the key right now. 404: there is nothing to match. */
function isChanged(error: unknown): boolean {
  if (!(error instanceof S3ServiceException)) return false;
  return ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"].includes(error.name);
}

async function listObjects(client: S3Client, bucket: string, prefix: string): Promise<readonly ObjectInfo[]> {
  const objects: ObjectInfo[] = [];
  let from: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        EncodingType: "url", // A key may hold what XML cannot.
        ...(from === undefined ? {} : { ContinuationToken: from }),
      }),
    );
    for (const { Key = "", Size, ETag, LastModified } of page.Contents ?? []) {
      objects.push(infoOf(page.EncodingType === "url" ? plainKey(Key) : Key, Size, ETag, LastModified));
    }
    from = page.NextContinuationToken;
  } while (from !== undefined);
  // S3 sorts by UTF-8, which differs above U+FFFF.
  return objects.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

const plainKey = (encoded: string): string => decodeURIComponent(encoded.replaceAll("+", "%20"));

/** HTTP puts an entity tag in quotes, events do not; ours have none. */
const plainEtag = (etag: string | undefined): string => (etag ?? "").replaceAll('"', "");

function infoOf(
  key: string,
  size: number | undefined,
  etag: string | undefined,
  modified: Date | undefined,
): ObjectInfo {
  // A header tells the second, a listing the millisecond: the same object is to look the same.
  const second = Math.floor((modified?.getTime() ?? 0) / 1000) * 1000;
  return { key, size: size ?? 0, etag: plainEtag(etag), modifiedAt: iso(instant(second)) };
}

async function orUndefined<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof NoSuchKey || error instanceof NotFound) return undefined;
    throw error;
  }
}

function address(bucket: string, key: string): { readonly Bucket: string; readonly Key: string } {
  const fault = keyFault(key);
  if (fault === undefined) return { Bucket: bucket, Key: key };
  throw new FreshetError(
    "INVALID_KEY",
    `the object key ${JSON.stringify(key.slice(0, 100))} ${fault}; a key is well-formed text of 1 to ${OBJECT_KEY_BYTES_MAX} bytes in UTF-8`,
  );
}

function keyFault(key: string): string | undefined {
  if (key === "") return "is empty";
  if (!key.isWellFormed()) return "is not well-formed Unicode";
  const bytes = Buffer.byteLength(key);
  if (bytes > OBJECT_KEY_BYTES_MAX) return `takes ${bytes} bytes`;
  return undefined;
}
