import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listenPings, ping, type PingListener } from "./ping.ts";

let home: string;
let listener: PingListener | undefined;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "freshet-ping-"));
});

afterEach(async () => {
  await listener?.close();
  listener = undefined;
  await rm(home, { recursive: true, force: true });
});

test("a scheduler hears each ping", async () => {
  let pings = 0;
  listener = await listenPings(home, () => pings++);

  const heard = [await ping(home), await ping(home)];

  expect([heard, pings]).toEqual([[true, true], 2]);
});

test("a ping that nobody hears says so", async () => {
  expect(await ping(home)).toBe(false);
});

test("a home with a long name has its socket elsewhere", async () => {
  const deep = join(home, "a-folder-with-a-long-name".repeat(6));
  mkdirSync(deep);
  listener = await listenPings(deep, () => undefined);

  expect(await ping(deep)).toBe(true);
});

test("the socket that a killed scheduler left behind is replaced", async () => {
  writeFileSync(join(home, "ping.sock"), "");

  listener = await listenPings(home, () => undefined);

  expect(await ping(home)).toBe(true);
});

test.skipIf(process.platform === "win32")("nobody but its owner reaches the socket", async () => {
  listener = await listenPings(home, () => undefined);

  expect(statSync(join(home, "ping.sock")).mode & 0o777).toBe(0o600);
});

test("a closed listener keeps nobody waiting", async () => {
  const closing = await listenPings(home, () => undefined);
  const socket = connect({ path: join(home, "ping.sock"), allowHalfOpen: true });
  await new Promise((connected) => socket.once("connect", connected));

  await closing.close();
  socket.destroy();

  expect(await ping(home)).toBe(false);
});
