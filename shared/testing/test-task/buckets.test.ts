import { aFolder } from "../../../test/builders/folder.ts";
import { objectStoreContract } from "../../../test/contract/object-store.suite.ts";
import { memoryBuckets } from "./buckets.ts";

objectStoreContract(async () => {
  const folder = await aFolder();
  return {
    store: memoryBuckets({}),
    bucket: "lake",
    otherBucket: "other",
    scratch: folder.path,
    close: () => folder.remove(),
  };
});
