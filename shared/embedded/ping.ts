/**
 * How a command tells the scheduler beside it that it has committed something. A ping says only "look": one that is lost
 * costs time, because the scheduler also looks by itself, and one that a stranger sends costs a look.
 */
import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";

/** How long a ping waits for the scheduler's word. */
const PING_TIMEOUT_MS = 1_000;
/** The longest path of a Unix socket that every system takes, its closing zero included, is 104 bytes. */
const SOCKET_PATH_BYTES_MAX = 103;
const HEARD = "heard\n";

export interface PingListener {
  close(): Promise<void>;
}

/** Calls `onPing` for each ping; call it while holding the home's lock. Rejects where no socket can be made. */
export async function listenPings(home: string, onPing: () => void): Promise<PingListener> {
  const path = pingPath(home);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => undefined); // The one who pinged has gone.
    socket.end(HEARD);
    onPing();
  });
  if (process.platform !== "win32") rmSync(path, { force: true }); // Left behind by a killed one: the lock is ours.
  await new Promise<void>((listening, failed) => {
    server.once("error", failed);
    server.listen(path, listening);
    if (process.platform !== "win32" && server.listening) chmodSync(path, 0o600);
  });
  server.on("error", () => undefined); // A ping that cannot be taken is one that got lost.
  return {
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}

/** Whether a scheduler of this home heard it. Never rejects. */
export async function ping(home: string): Promise<boolean> {
  const path = pingPathIfAny(home);
  if (path === undefined) return false;
  return new Promise((answer) => {
    const socket = connect(path);
    socket.setTimeout(PING_TIMEOUT_MS);
    let heard = false;
    socket.on("data", () => {
      heard = true;
      socket.end();
    });
    socket.on("timeout", () => socket.destroy());
    socket.on("error", () => undefined); // Nobody listens; `close` follows.
    socket.on("close", () => answer(heard));
  });
}

/** Where a home's socket lies: in the home, or where that would be too long for a socket, in a folder of the user's own. */
function pingPath(home: string): string {
  const path = join(resolve(home), "ping.sock");
  const name = createHash("sha256").update(path).digest("hex").slice(0, 24);
  if (process.platform === "win32") return `\\\\.\\pipe\\freshet-${name}`;
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return path;
  return join(ownFolder(), `${name}.sock`);
}

function pingPathIfAny(home: string): string | undefined {
  try {
    return pingPath(home);
  } catch {
    return undefined; // Nor can the scheduler listen there.
  }
}

/** A folder below the common one for temporary files, in which nobody else can put anything. */
function ownFolder(): string {
  const { uid } = userInfo();
  const folder = join(tmpdir(), `freshet-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid: owner, mode } = lstatSync(folder);
  if (owner === uid && (mode & 0o077) === 0) return folder;
  throw new Error(`${folder} belongs to somebody else or is open to others`);
}
