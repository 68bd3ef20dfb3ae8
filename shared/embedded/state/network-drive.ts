/** Is a folder on a drive where SQLite's locks and shared memory cannot be trusted? */
import { readFileSync, statfsSync } from "node:fs";

/** `f_type` of statfs on Linux. */
const NETWORK_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x01021997, "9P"],
  [0x5346414f, "AFS"],
  [0x73757245, "Coda"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
]);
const FUSE_TYPE = 0x65735546;
/** FUSE carries local file systems as well (ntfs-3g, containers on a desktop): the name of the mount tells. */
const NETWORK_FUSE =
  /^fuse\.(sshfs|s3fs|rclone|gcsfuse|mount-s3|mountpoint-s3|goofys|glusterfs|davfs|blobfuse2?|cephfs|juicefs)$/;

/**
 * The name of the network file system; undefined for a local one, and where it cannot be told. `mountType` is the type
 * in the table of mounts, which only FUSE needs.
 */
export function networkFileSystem(statfsType: number, mountType: () => string | undefined): string | undefined {
  const type = statfsType >>> 0; // Some platforms give it as a signed number.
  if (type !== FUSE_TYPE) return NETWORK_TYPES.get(type);
  const mounted = mountType();
  return mounted !== undefined && NETWORK_FUSE.test(mounted) ? mounted : undefined;
}

/** The network file system that an existing folder is on, if it is on one. */
export function networkFileSystemOf(folder: string): string | undefined {
  if (folder.startsWith("\\\\")) return "a network share";
  if (process.platform !== "linux") return undefined; // Elsewhere the number is not a stable name of the type.
  return networkFileSystem(statfsSync(folder).type, () =>
    mountTypeOf(folder, readFileSync("/proc/self/mountinfo", "utf8")),
  );
}

/** The type of the mount that a folder is on, from Linux's table of mounts. */
export function mountTypeOf(folder: string, mountinfo: string): string | undefined {
  let best: { readonly at: string; readonly type: string } | undefined;
  for (const line of mountinfo.split("\n")) {
    const fields = line.split(" ");
    const type = fields[fields.indexOf("-") + 1];
    const at = fields[4]?.replaceAll(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    if (at === undefined || type === undefined) continue;
    const inside = folder === at || folder.startsWith(at.endsWith("/") ? at : `${at}/`);
    // A later line covers an earlier one of the same place.
    if (inside && (best === undefined || at.length >= best.at.length)) best = { at, type };
  }
  return best?.type;
}
