// npm test: type-check, lint and format side by side, then every test; npm run check: without the tests.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))

/** What is checked without running anything: the name, and the command as arguments to Node. */
const checks: ReadonlyArray<{ name: string; command: ReadonlyArray<string> }> = [
  { name: "types", command: ["node_modules/typescript/bin/tsc", "--noEmit"] },
  { name: "lint", command: ["node_modules/oxlint/bin/oxlint"] },
  { name: "format", command: ["node_modules/oxfmt/bin/oxfmt", "--check"] },
]

const runCheck = async ({ name, command }: (typeof checks)[number]) => {
  const child = spawn(process.execPath, command, { cwd: root, stdio: ["ignore", "pipe", "pipe"] })
  let output = ""
  child.stdout.on("data", (chunk) => (output += chunk))
  child.stderr.on("data", (chunk) => (output += chunk))
  const [code] = await once(child, "close")
  console.log(code === 0 ? `${name}: ok` : `${name}: failed\n${output.trimEnd()}`)
  return code === 0
}

const runTests = async (filters: ReadonlyArray<string>) => {
  const command = ["node_modules/vitest/vitest.mjs", "run", ...filters]
  const child = spawn(process.execPath, command, { cwd: root, stdio: "inherit" })
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal))
  const [code] = await once(child, "exit")
  return code === 0
}

const [first, ...rest] = process.argv.slice(2)
const checkOnly = first === "check"
const results = await Promise.all(checks.map(runCheck))
const passed =
  results.every(Boolean) && (checkOnly || (await runTests(first === undefined ? [] : [first, ...rest])))
process.exitCode = passed ? 0 : 1
