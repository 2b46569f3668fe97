// Vitest's globalSetup: one mockserver for the whole run, on a free port.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export default async function setup(project) {
  const server = spawn("mockserver", ["--port", "0"], { stdio: ["ignore", "pipe", "ignore"] });
  project.provide("mockserver", await urlOf(server));
  return async () => {
    const exited = once(server, "exit");
    server.kill();
    await exited;
  };
}

async function urlOf(server) {
  const failed = new Promise((_, reject) => {
    server.on("error", reject);
    server.on("exit", (status) => reject(new Error(`mockserver exited with status ${status}`)));
  });
  failed.catch(() => {}); // unused after the start
  const url = async () => {
    for await (const line of createInterface(server.stdout)) {
      const match = line.match(/listening\s+(\S+)/);
      if (match) return match[1];
    }
    return failed;
  };
  return Promise.race([url(), failed]);
}
