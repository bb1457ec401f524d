import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { dataFlag, jsonFlag } from "../flags.ts"

const idArgument = Argument.String("id").pipe(
  Argument.withDescription(
    "An account, such as openai-main, else a channel; account/ID or channel/ID where both are called so",
  ),
)

const places = { json: jsonFlag, data: dataFlag }

/** Nothing of it is loaded before one of its commands runs. */
const adaptive = Effect.promise(() => import("../adaptive/adaptive.ts"))

const listCommand = Command.make(
  "list",
  {
    channel: Flag.String("channel").pipe(
      Flag.withMetavar("ID"),
      Flag.withDescription("Only those of this channel (default: of all)"),
      Flag.optional,
    ),
    channels: Flag.Boolean("channels").pipe(
      Flag.withDescription("The channels that learn a limit of their own, not the accounts"),
      Flag.withDefault(false),
      Flag.withoutNegation,
    ),
    ...places,
  },
  Effect.fnUntraced(function* ({ channel, channels, ...asking }) {
    const commands = yield* adaptive
    const kind = channels ? "channel" : "account"
    yield* commands.list({ kind, channel: Option.getOrNull(channel) }, asking)
  }),
).pipe(
  Command.withDescription(
    "List the accounts whose limit is learned, or the channels, with what was learned so far.",
  ),
  Command.withExamples([
    { command: "sluice adaptive list --channel openai", description: "The accounts of one channel" },
    { command: "sluice adaptive list --channels", description: "The channels" },
  ]),
)

const statsCommand = Command.make(
  "stats",
  { id: idArgument, ...places },
  Effect.fnUntraced(function* ({ id, ...asking }) {
    const commands = yield* adaptive
    yield* commands.stats(id, asking)
  }),
).pipe(
  Command.withDescription(
    "Show what an account or a channel knows of its limit, also where it is a fixed one.",
  ),
  Command.withExamples([
    { command: "sluice adaptive stats openai-main", description: "Of one account" },
    { command: "sluice adaptive stats channel/local", description: "Of one channel" },
  ]),
)

const modeCommand = Command.make(
  "mode",
  {
    id: idArgument,
    mode: Argument.Literals("mode", ["on", "off"]).pipe(
      Argument.withDescription("on: the limit is learned; off: it is the number of --limit"),
    ),
    limit: Flag.String("limit").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("With off: how many at once from now on, 1 to 1000"),
      Flag.optional,
    ),
    ...places,
  },
  Effect.fnUntraced(function* ({ id: limited, mode, limit, ...asking }) {
    const commands = yield* adaptive
    yield* commands.setMode({ limited, mode, limit: Option.getOrUndefined(limit) }, asking)
  }),
).pipe(
  Command.withDescription(
    "Let the limit of an account or a channel be learned, or end that. A channel learns only where none of its accounts has a limit. What was learned is kept for the next time. It is a fact in the log.",
  ),
  Command.withShortDescription("Learn a limit, or end that"),
  Command.withExamples([
    { command: "sluice adaptive mode openai-main on", description: "Learn it" },
    { command: "sluice adaptive mode openai-main off --limit 12", description: "From now on 12 at once" },
  ]),
)

const limitCommand = Command.make(
  "limit",
  {
    id: idArgument,
    limit: Argument.String("n").pipe(Argument.withDescription("How many at once from now on, 1 to 1000")),
    ...places,
  },
  Effect.fnUntraced(function* ({ id: limited, limit, ...asking }) {
    const commands = yield* adaptive
    yield* commands.setLimit({ limited, limit }, asking)
  }),
).pipe(
  Command.withDescription(
    "Make the limit of an account or a channel a number; one that was learned no longer is.",
  ),
  Command.withExamples([{ command: "sluice adaptive limit openai-main 12", description: "12 at once" }]),
)

const forgetCommand = Command.make(
  "forget",
  { id: idArgument, ...places },
  Effect.fnUntraced(function* ({ id, ...asking }) {
    const commands = yield* adaptive
    yield* commands.forget(id, asking)
  }),
).pipe(
  Command.withDescription(
    "Begin to learn the limit of an account or a channel anew: its counts and what was learned are gone, the log keeps everything.",
  ),
  Command.withShortDescription("Begin to learn a limit anew"),
  Command.withExamples([{ command: "sluice adaptive forget openai-main", description: "Begin anew" }]),
)

const summaryCommand = Command.make(
  "summary",
  places,
  Effect.fnUntraced(function* (asking) {
    const commands = yield* adaptive
    yield* commands.summary(asking)
  }),
).pipe(
  Command.withDescription("Sum up all limits that are learned, of accounts and of channels."),
  Command.withExamples([{ command: "sluice adaptive summary --json", description: "For a program" }]),
)

/** Shows and changes limits that are learned. Source: S6. */
export const adaptiveCommand = Command.make("adaptive").pipe(
  Command.withDescription(
    "Limits that are learned: how many requests in flight a provider accepts. Shows what was found, and changes it in the running system.",
  ),
  Command.withShortDescription("Show and change limits that are learned"),
  Command.withSubcommands([
    listCommand,
    statsCommand,
    modeCommand,
    limitCommand,
    forgetCommand,
    summaryCommand,
  ]),
  Command.withExamples([
    { command: "sluice adaptive list", description: "What was found so far" },
    { command: "sluice adaptive stats openai-main", description: "How one account came to its limit" },
    { command: "sluice adaptive mode openai-main off --limit 12", description: "Make it a number" },
  ]),
)
