import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { mountTypeOf, networkFileSystem, networkFileSystemOf } from "./network-drive.ts";

const noMount = (): undefined => undefined;

test.each([
  ["NFS", 0x6969],
  ["CIFS", 0xff534d42],
  ["SMB2", 0xfe534d42],
  ["SMB2", 0xfe534d42 | 0], // As a signed number.
  ["9P", 0x01021997],
])("%s is a network file system", (name, type) => {
  expect(networkFileSystem(type, noMount)).toBe(name);
});

test.each([
  ["ext4", 0xef53],
  ["btrfs", 0x9123683e],
  ["xfs", 0x58465342],
  ["tmpfs", 0x01021994],
  ["overlayfs", 0x794c7630],
])("%s is a local file system", (_, type) => {
  expect(networkFileSystem(type, noMount)).toBeUndefined();
});

test("of FUSE the type of the mount tells", () => {
  expect(networkFileSystem(0x65735546, () => "fuse.sshfs")).toBe("fuse.sshfs");
  expect(networkFileSystem(0x65735546, () => "fuse.ntfs-3g")).toBeUndefined();
  expect(networkFileSystem(0x65735546, noMount)).toBeUndefined();
});

test("a folder is on the innermost mount around it", () => {
  const mountinfo = [
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
    "30 22 0:40 / /mnt/my\\040drive rw - fuse.sshfs me@there:/ rw",
    "31 22 0:41 / /mnt/my rw shared:7 master:1 - nfs4 there:/ rw",
  ].join("\n");

  expect(mountTypeOf("/home/me", mountinfo)).toBe("ext4");
  expect(mountTypeOf("/mnt/my drive/project", mountinfo)).toBe("fuse.sshfs");
  expect(mountTypeOf("/mnt/my", mountinfo)).toBe("nfs4");
  expect(mountTypeOf("/mnt/mystery", mountinfo)).toBe("ext4");
});

test("the folder for temporary files is local", () => {
  expect(networkFileSystemOf(tmpdir())).toBeUndefined();
});
