/** The engine's table, as far as a function reads it while it starts: the key of dispatch tokens. In a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";

const SERVER = `
  const { createServer } = require("node:http");
  const key = Buffer.alloc(32, 7).toString("base64");
  const body = JSON.stringify({ Item: { pk: { S: "ENGINE#token-key" }, sk: { S: "ENGINE" }, key: { B: key } } });
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(200, { "content-type": "application/x-amz-json-1.0" }).end(body));
  });
  server.listen(0, "127.0.0.1", () => process.stdout.write(String(server.address().port)));`;

export async function startTable(): Promise<{ readonly endpoint: string; readonly stop: () => Promise<void> }> {
  const child = spawn(process.execPath, ["-e", SERVER], { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  return {
    endpoint: `http://127.0.0.1:${port.toString()}`,
    async stop() {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}
