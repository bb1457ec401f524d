import { dirname, delimiter } from "node:path"
import { runInForeground } from "./foreground.mjs"
import { ensureNatsServer } from "./nats-server.mjs"
import { ensureNode } from "./node.mjs"
import { ensurePackages } from "./packages.mjs"
import { root } from "./repository.mjs"
import { say, SetupFailed } from "./say.mjs"

/**
 * Installs what is missing on this machine, in the order in which one needs the other, and gives the path of the project's Node (S1); nothing
 * when a step failed, of which one line was said.
 *
 * @param {{ natsServer: boolean }} needs
 */
export const setUp = async (needs) => {
  try {
    ensurePackages(root)
    const node = ensureNode(root)
    if (needs.natsServer) await ensureNatsServer()
    return node
  } catch (error) {
    if (!(error instanceof SetupFailed)) throw error
    say(error.message)
    process.exitCode = 1
    return undefined
  }
}

/**
 * Sets up, then runs a script of this repository in place of this process.
 *
 * @param {string} script
 * @param {string[]} args
 * @param {{ natsServer: boolean }} needs
 */
export const runScript = async (script, args, needs) => {
  const node = await setUp(needs)
  if (node === undefined) return
  // What the script starts by name finds the same Node.
  process.env.PATH = `${dirname(node)}${delimiter}${process.env.PATH ?? ""}`
  await runInForeground(node, [script, ...args])
}
