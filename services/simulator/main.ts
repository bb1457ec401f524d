import { parseArgs } from "node:util"
import { startSimulatedProvider, type SimulatedProvider } from "./provider.ts"
import { defaultOptions } from "./settings.ts"

const usage = `Simulated providers that speak the OpenAI, Anthropic and Gemini protocols.

  node main.ts [--port N] [--concurrency-limit N] [--rpm N] [--speed N] …
      one provider; prints {"url": …}
  node main.ts --spec '[{"name": "gpt", "port": 0, …}, …]'
      several; prints {"providers": [{"name", "url"}, …]}; SLUICE_SIMULATED_PROVIDERS says the same, unseen by other users

Options are those of ProviderOptions, as --kebab-case flags or as fields of the specification.
It ends on SIGTERM, and when the process that started it with an IPC channel is gone.
`

/**
 * The command as it was called: help, or the options of the providers to start; `single` if flags named one.
 */
interface Invocation {
  readonly single: boolean
  readonly providers: readonly unknown[]
}

function readInvocation(args: readonly string[]): Invocation | "help" {
  const flags = Object.keys(defaultOptions).map((field) => [kebab(field), { type: "string" }] as const)
  const { values } = parseArgs({
    args: [...args],
    options: { ...Object.fromEntries(flags), spec: { type: "string" }, help: { type: "boolean" } },
  })
  const { help, spec: told, ...single } = values
  if (help === true) return "help"
  const spec = told ?? (args.length === 0 ? process.env["SLUICE_SIMULATED_PROVIDERS"] : undefined)
  if (typeof spec !== "string") return { single: true, providers: [readFlags(single)] }
  const providers: unknown = JSON.parse(spec)
  if (!Array.isArray(providers) || providers.length === 0)
    throw new Error("--spec must be a JSON list with at least one provider")
  return { single: false, providers }
}

function readFlags(flags: Record<string, unknown>): Record<string, unknown> {
  const options: Record<string, unknown> = {}
  for (const [field, fallback] of Object.entries(defaultOptions)) {
    const text = flags[kebab(field)]
    if (typeof text !== "string") continue
    if (typeof fallback === "string") options[field] = text
    else if (field === "credentials" || field === "models") options[field] = text.split(",")
    else options[field] = text === "none" ? null : Number(text)
  }
  return options
}

function kebab(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

async function startAll(given: readonly unknown[]): Promise<SimulatedProvider[]> {
  const started: SimulatedProvider[] = []
  try {
    for (const options of given)
      started.push(
        await startSimulatedProvider(typeof options === "object" && options !== null ? options : {}),
      )
    return started
  } catch (error) {
    await Promise.all(started.map((provider) => provider.close()))
    throw error
  }
}

function announce(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
  process.send?.(message)
}

async function main(): Promise<void> {
  const invocation = readInvocation(process.argv.slice(2))
  if (invocation === "help") {
    process.stdout.write(usage)
    return
  }
  const providers = await startAll(invocation.providers)
  const stop = () => {
    void Promise.all(providers.map((provider) => provider.close())).then(() => process.exit(0))
  }
  process.on("SIGTERM", stop)
  process.on("disconnect", stop)
  // Ctrl-C reaches the whole group of a terminal: a parent that holds the channel ends its providers last,
  // when nothing needs them any more.
  process.on("SIGINT", () => {
    if (process.channel === undefined) stop()
  })
  const [first] = providers
  if (invocation.single) announce({ url: first?.url })
  else announce({ providers: providers.map(({ name, url }) => ({ name, url })) })
}

main().catch((error: unknown) => {
  process.stderr.write(
    `simulator: ${error instanceof Error ? error.message.replaceAll("\n", " ") : String(error)}\n`,
  )
  process.exit(2)
})
