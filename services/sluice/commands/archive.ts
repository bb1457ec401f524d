import { errorText } from "@sluice/infra/process/error-text.ts"
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { dataFlag, jsonFlag } from "../flags.ts"
import { parseWhen, whenForms } from "../when.ts"

/** Writes the log to a file. */
export const exportCommand = Command.make(
  "export",
  {
    out: Flag.String("out").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription(
        "File to write; one that an interrupted export has left is gone on with (default: stdout)",
      ),
      Flag.optional,
    ),
    from: Flag.String("from").pipe(
      Flag.withMetavar("TIME"),
      Flag.withDescription(
        `Leave out what the last checkpoint before this time stands for: ${whenForms} (default: nothing)`,
      ),
      Flag.mapTryCatch(
        (text) => parseWhen(text, Date.now()),
        (error) => errorText(error),
      ),
      Flag.optional,
    ),
    json: jsonFlag,
    data: dataFlag,
  },
  Effect.fnUntraced(function* (input) {
    const { exportLog } = yield* Effect.promise(() => import("../archive/export.ts"))
    yield* exportLog({
      out: Option.getOrUndefined(input.out),
      fromMs: Option.getOrUndefined(input.from),
      json: input.json,
      dataDirectory: input.data,
      natsUrl: process.env["NATS_URL"] || undefined,
    })
  }),
).pipe(
  Command.withDescription(
    "Write the whole log as compressed JSON lines, one a commit, with hashes: also while it is in use. It holds no credentials. NATS_URL names another log than that of the data directory.",
  ),
  Command.withShortDescription("Write the log to a file"),
  Command.withExamples([
    {
      command: "sluice export --out log.jsonl.gz",
      description: "Everything; again, where it was interrupted",
    },
    {
      command: "sluice export --from 7d --out week.jsonl.gz",
      description: "The last week and what it builds on",
    },
    { command: "sluice export | zcat | head", description: "A look at it" },
  ]),
)

/** Puts an exported log into an empty one. */
export const importCommand = Command.make(
  "import",
  {
    file: Argument.String("file").pipe(Argument.withDescription("File that sluice export wrote")),
    json: jsonFlag,
    data: dataFlag,
  },
  Effect.fnUntraced(function* ({ file, json, data }) {
    const { importLog } = yield* Effect.promise(() => import("../archive/import.ts"))
    yield* importLog({ file, json, dataDirectory: data, natsUrl: process.env["NATS_URL"] || undefined })
  }),
).pipe(
  Command.withDescription(
    "Put an exported log into an empty one, on a data directory that nothing runs on, or on the server that NATS_URL names. The whole file is checked first; an interrupted import goes on when it is started again, and nothing starts on the log before. To keep the names of sessions and credentials, copy session.key of the old data directory too.",
  ),
  Command.withShortDescription("Put an exported log into an empty one"),
  Command.withExamples([
    { command: "sluice import log.jsonl.gz --data restored", description: "Into a new data directory" },
  ]),
)
