/** The contracts of what lives in folders. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { aFolder } from "../../../test/builders/index.ts";
import { blobStoreContract } from "../../../test/contract/blob-store.suite.ts";
import { objectStoreContract } from "../../../test/contract/object-store.suite.ts";
import { createBlobStore } from "./blob-store.ts";
import { createObjectStore } from "./object-store.ts";

objectStoreContract(async () => {
  const folder = await aFolder();
  const store = createObjectStore({ root: join(folder.path, "buckets") });
  const scratch = join(folder.path, "scratch");
  await mkdir(scratch);
  const close = async (): Promise<void> => {
    store.close();
    await folder.remove();
  };
  return { store, bucket: "data-lake", otherBucket: "other-lake", scratch, close };
});

blobStoreContract(async () => {
  const folder = await aFolder();
  const store = createBlobStore({ root: join(folder.path, "blobs") });
  const close = async (): Promise<void> => {
    store.close();
    await folder.remove();
  };
  return { store, close };
});
