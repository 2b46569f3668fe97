// The storefront's own server: the files of this folder.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const TYPES = { html: "text/html", js: "text/javascript", json: "application/json" };
const FILES = { "/": "index.html", "/shop.js": "shop.js", "/config.json": "config.json" };

createServer(async ({ url }, answer) => {
  const name = FILES[url];
  if (!name) return answer.writeHead(404).end();
  const type = `${TYPES[name.split(".").pop()]}; charset=utf-8`;
  answer.writeHead(200, { "Content-Type": type });
  answer.end(await readFile(new URL(name, import.meta.url)));
}).listen(Number(process.argv[2]), "127.0.0.1");
