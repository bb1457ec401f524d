import { join } from "node:path"
import { root } from "./repository.mjs"
import { setUp, runScript } from "./set-up.mjs"

// node infra/bootstrap/run.mjs [script [arguments…]]: installs what is missing, then runs the script on the project's Node.
const [script, ...args] = process.argv.slice(2)
if (script === undefined) await setUp({ natsServer: true })
else await runScript(join(root, script), args, { natsServer: true })
