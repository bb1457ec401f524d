import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { printError } from "@sluice/infra/terminal/print.ts"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import { Cause, Console, Effect, Exit, Layer, Runtime } from "effect"
import { CliConfig, Command, GlobalFlag } from "effect/cli"
import { adaptiveCommand } from "./commands/adaptive.ts"
import { exportCommand, importCommand } from "./commands/archive.ts"
import { checkCommand } from "./commands/check.ts"
import { doctorCommand } from "./commands/doctor.ts"
import { explainCommand } from "./commands/explain.ts"
import { queryCommand } from "./commands/query.ts"
import { repairCommand } from "./commands/repair.ts"
import { replayCommand } from "./commands/replay.ts"
import { resetCommand } from "./commands/reset.ts"
import { ingressCommand, projectorCommand } from "./commands/services.ts"
import { simulateCommand } from "./commands/simulate.ts"
import { tailCommand } from "./commands/tail.ts"
import { traceCommand } from "./commands/trace.ts"
import { upCommand } from "./commands/up.ts"
import { verifyCommand } from "./commands/verify.ts"
import { whatIfCommand } from "./commands/what-if.ts"
import packageJson from "./package.json" with { type: "json" }
import { joinSignedSpans } from "./signed-spans.ts"
import { terminalConsole } from "./terminal-console.ts"

const sluice = Command.make("sluice").pipe(
  Command.withDescription(
    "Admission control for LLM traffic: a proxy that decides which credential may carry a request and when, and remembers every decision.",
  ),
  Command.withSubcommands([
    upCommand,
    checkCommand,
    queryCommand,
    tailCommand,
    replayCommand,
    explainCommand,
    verifyCommand,
    doctorCommand,
    resetCommand,
    repairCommand,
    adaptiveCommand,
    traceCommand,
    exportCommand,
    importCommand,
    simulateCommand,
    whatIfCommand,
    ingressCommand,
    projectorCommand,
  ]),
  Command.withExamples([
    { command: "sluice up", description: "Start everything; without a configuration file, the demo" },
    {
      command: "sluice up --config sluice.yaml --data /var/lib/sluice",
      description: "Start with real providers",
    },
    { command: "sluice query usage --last 1h", description: "Ask what was used in the last hour" },
  ]),
)

/** Runs the command that the arguments name: a failure is one line on stderr and exit status 1. */
export const runCommandLine = (): void => {
  const [node = "", script = "", ...args] = process.argv
  process.argv = [node, script, ...joinSignedSpans(args)]
  const program = Command.run(sluice, { version: packageJson.version }).pipe(
    Effect.tapErrorTag("CommandFailed", ({ message }) =>
      Effect.sync(() =>
        printError(
          message
            .split("\n")
            .map((line) => `sluice: ${visible(line)}\n`)
            .join(""),
        ),
      ),
    ),
    Effect.provide(
      Layer.merge(
        NodeServices.layer,
        CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] }),
      ),
    ),
  )
  NodeRuntime.runMain(Effect.provideService(program, Console.Console, terminalConsole), { teardown })
}

/** A command that only a signal ends has set its exit status before; for any other an interruption is no success. */
const teardown: Runtime.Teardown = (exit, onExit) => {
  if (Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) && process.exitCode !== undefined)
    return onExit(Number(process.exitCode))
  return Runtime.defaultTeardown(exit, onExit)
}
