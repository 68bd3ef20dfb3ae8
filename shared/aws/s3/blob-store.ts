import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3ServiceException, type S3Client } from "./s3.ts";
import type { BlobStore } from "../../ports/blob-store.ts";

export interface BlobStoreSettings {
  readonly client: S3Client;
  /** Freshet's own bucket. */
  readonly bucket: string;
}

/** Blobs in Freshet's own bucket. */
export function createBlobStore({ client, bucket }: BlobStoreSettings): BlobStore {
  async function read(key: string, range?: string): Promise<Uint8Array | undefined> {
    try {
      const { Body } = await client.send(
        new GetObjectCommand({ Bucket: bucket, Key: key, ...(range === undefined ? {} : { Range: range }) }),
      );
      return Body === undefined ? new Uint8Array() : await Body.transformToByteArray();
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      // S3 knows no empty range: the blob is there, and ends before it.
      if (error instanceof S3ServiceException && error.name === "InvalidRange") return new Uint8Array();
      throw error;
    }
  }
  return {
    async put(key, body) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    },
    get: (key) => read(key),
    async range(key, start, end) {
      if (end > start) return read(key, `bytes=${start}-${end - 1}`);
      return (await read(key, "bytes=0-0"))?.subarray(0, 0);
    },
  };
}
