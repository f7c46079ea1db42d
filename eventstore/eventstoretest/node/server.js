// A node of a test's own: `tizilim eventstore` on a fresh directory, to be stopped,
// killed and started again at the same address. TIZILIM is the path of the binary.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Server {
  #process;

  // start starts a node, and has it ended with the test.
  static async start(t) {
    const server = new Server();
    server.data = await mkdtemp(join(tmpdir(), "tizilim-"));
    server.listen = "127.0.0.1:0";
    t.after(async () => {
      await server.end("SIGKILL");
      await rm(server.data, { recursive: true });
    });
    await server.start();
    server.listen = new URL(server.address).host;
    return server;
  }

  // start resolves once the node says where it is; it rejects if it ends before.
  async start() {
    const args = ["eventstore", "--listen", this.listen, "--data", this.data];
    this.#process = spawn(process.env.TIZILIM, args, { stdio: ["ignore", "pipe", "ignore"] });
    this.#process.stdout.setEncoding("utf8");
    let said = "";
    for await (const text of this.#process.stdout) {
      if ((said += text).includes("\n")) break;
    }
    if (!said.includes("\n")) throw new Error("the node ended before it was there");
    this.address = said.trim();
  }

  async end(signal) {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill(signal);
    await ended;
  }
}
