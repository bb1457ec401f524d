// The command line: `node services/sluice/main.ts <command>`; bin.mjs installs what is missing and comes here.
import { enableCompileCache } from "node:module"

// Before anything else is loaded: a second start then finds its modules compiled.
enableCompileCache()
const { runCommandLine } = await import("./command-line.ts")
runCommandLine()
