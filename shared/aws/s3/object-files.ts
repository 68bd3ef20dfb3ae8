/** Objects as local files, for tools that want a path. */
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { chmod, open, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompletedPart,
  type GetObjectCommandOutput,
  type S3Client,
} from "./s3.ts";
import { FreshetError } from "../../core/errors.ts";
import { eachAtOnce } from "../batches.ts";

/** A larger file goes up in parts: each is in memory while it is sent, and is tried again by itself. */
export const PART_BYTES = 16 * 1024 * 1024;
const PARTS_MAX = 10_000;
const PARTS_AT_ONCE = 4;
const FILE_NAME_LENGTH_MAX = 80;
const READ_ONLY = 0o444;

type Body = NonNullable<GetObjectCommandOutput["Body"]>;
interface Address {
  readonly Bucket: string;
  readonly Key: string;
}

/** A new read-only file in `scratch`; its name ends as the key does, since tools go by the ending. */
export async function downloadObject(body: Body, key: string, scratch: string): Promise<string> {
  const name = (key.split("/").at(-1) ?? "").replaceAll(/[^A-Za-z0-9._-]/g, "_").slice(-FILE_NAME_LENGTH_MAX);
  const path = join(scratch, `${randomUUID()}-${name}`);
  try {
    await pipeline(Readable.fromWeb(body.transformToWebStream() as never), createWriteStream(path, { flags: "wx" }));
    await chmod(path, READ_ONLY);
    return path;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** The entity tag of the object that now holds the file's content. */
export async function uploadFile(client: S3Client, address: Address, path: string): Promise<string | undefined> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    if (size > PART_BYTES) return await uploadParts(client, address, file, size);
    const Body = await file.readFile();
    return (await client.send(new PutObjectCommand({ ...address, Body }))).ETag;
  } finally {
    await file.close();
  }
}

async function uploadParts(
  client: S3Client,
  address: Address,
  file: FileHandle,
  size: number,
): Promise<string | undefined> {
  const count = Math.ceil(size / PART_BYTES);
  if (count > PARTS_MAX) throw tooLarge(address, size);
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(address));
  const upload = { ...address, UploadId };
  try {
    const parts: CompletedPart[] = Array.from({ length: count }, (_, index) => ({ PartNumber: index + 1 }));
    await eachAtOnce(PARTS_AT_ONCE, parts, async (part) => {
      const Body = await bytesAt(file, ((part.PartNumber ?? 1) - 1) * PART_BYTES, size);
      part.ETag = (await client.send(new UploadPartCommand({ ...upload, PartNumber: part.PartNumber, Body }))).ETag;
    });
    return (await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } })))
      .ETag;
  } catch (error) {
    // Parts that stay are paid for, and seen by nobody.
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}

async function bytesAt(file: FileHandle, start: number, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.min(PART_BYTES, size - start));
  for (let filled = 0; filled < bytes.length;) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0)
      throw new FreshetError(
        "OBJECT_CHANGED",
        "the file became shorter while it was uploaded: upload it once it is complete",
      );
    filled += bytesRead;
  }
  return bytes;
}

function tooLarge({ Key }: Address, size: number): FreshetError {
  const limit = (PARTS_MAX * PART_BYTES) / 1024 ** 3;
  return new FreshetError(
    "PAYLOAD_TOO_LARGE",
    `the file for '${Key}' has ${Math.ceil(size / 1024 ** 3)} GB; an upload takes ${Math.floor(limit)} GB: write several objects`,
  );
}
