import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { runNpm } from "@sluice/infra/bootstrap/packages.mjs"
import { root } from "@sluice/infra/bootstrap/repository.mjs"
import { freePort } from "../free-port.ts"
import { benchModel } from "../load.ts"
import type { Processes } from "../processes.ts"
import { answers, clientHeaders, type Contestant, nothingBehind } from "./contestant.ts"

const folder = join(root, ".tools", "bench", "portkey")

/** What is compared with, to the version: others of the server behind it are faster or slower. */
const manifest = {
  name: "bench-portkey",
  private: true,
  dependencies: { "@portkey-ai/gateway": "1.15.2" },
  overrides: { hono: "4.9.7", "@hono/node-server": "1.13.5" },
}

/** Installs the npm gateway into a folder of its own, unless exactly it is there already. */
export const installPortkey = async (): Promise<void> => {
  const wanted = JSON.stringify(manifest, null, 2)
  const installed = join(folder, "installed.json")
  // Whatever keeps the note from being read, an installation puts right.
  if ((await readFile(installed, "utf8").catch(() => "")) === wanted) return
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, "package.json"), wanted)
  runNpm(folder, ["install", "--omit=dev", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"])
  await writeFile(installed, wanted)
}

/** Starts the npm gateway in production mode on the Node that runs everything else. */
export const startPortkey = async (processes: Processes, upstream: Contestant): Promise<Contestant> => {
  const port = await freePort()
  const script = join(folder, "node_modules", "@portkey-ai", "gateway", "build", "start-server.js")
  const started = processes.start({
    name: "portkey",
    script: pathToFileURL(script).href,
    args: [`--port=${port}`, "--headless"],
    env: { NODE_ENV: "production" },
  })
  const url = `http://127.0.0.1:${port}`
  const headers = {
    ...clientHeaders,
    "x-portkey-provider": "openai",
    "x-portkey-custom-host": `${upstream.url}/v1`,
  }
  await started.until(() => answers({ url, headers }, benchModel), "portkey answers")
  return { name: "portkey", url, headers, pid: started.pid, settled: nothingBehind }
}
