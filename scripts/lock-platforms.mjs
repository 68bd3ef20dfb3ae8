/**
 * Adds the packages of other platforms to package-lock.json.
 *
 * npm leaves an optional package out of the lockfile when the registry in use does not carry it (a mirror that keeps
 * one platform, say), and `npm ci` then refuses the lockfile everywhere. Every such package is named by its parent
 * with an exact version, and its name tells the platform: enough for npm to skip it here and to fetch it there.
 * Run it after `npm install`, if `npm ci` says "Missing: … from lock file".
 */
import { readFileSync, writeFileSync } from "node:fs";

const LOCKFILE = "package-lock.json";
const SYSTEMS = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const PROCESSORS = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64"];
const LIBRARIES = { gnu: "glibc", gnueabihf: "glibc", musl: "musl", musleabihf: "musl" };

function platformOf(name) {
  const words = name.split(/[-/]/);
  const os = words.find((word) => SYSTEMS.includes(word));
  const cpu = words.find((word) => PROCESSORS.includes(word));
  const libc = words.map((word) => LIBRARIES[word]).find((library) => library !== undefined);
  if (os === undefined || cpu === undefined) return undefined; // Not a platform package; npm has to find it.
  return { os, cpu, libc: os === "linux" ? libc : undefined };
}

/** In npm's own order of keys, so that the next `npm install` leaves the file as it is. */
function entryOf(version, { os, cpu, libc }, dev) {
  return {
    version,
    cpu: [cpu],
    ...(dev ? { dev } : {}),
    ...(libc === undefined ? {} : { libc: [libc] }),
    optional: true,
    os: [os],
  };
}

const lock = JSON.parse(readFileSync(LOCKFILE, "utf8"));
const added = {};
for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`;
    const platform = platformOf(name);
    if (place in lock.packages || platform === undefined) continue;
    added[place] = entryOf(version, platform, parent.dev);
  }
}
const places = Object.entries({ ...lock.packages, ...added }).toSorted(([a], [b]) => a.localeCompare(b, "en"));
writeFileSync(LOCKFILE, `${JSON.stringify({ ...lock, packages: Object.fromEntries(places) }, null, 2)}\n`);
console.log(`${Object.keys(added).length} packages of other platforms added to ${LOCKFILE}`);
