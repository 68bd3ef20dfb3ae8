import type { ClientSettings } from "../../shared/aws/clients/client-options.ts";
import { blobsOnDemand } from "../../shared/aws/on-demand.ts";

/** Freshet's own bucket; S3's client is loaded by the first call. */
export const openBlobs = (settings: ClientSettings, bucket: string) =>
  blobsOnDemand(async () => {
    const { createBlobStore, createS3Client } = await import("./blobs.ts");
    return createBlobStore({ client: createS3Client(settings), bucket });
  });
