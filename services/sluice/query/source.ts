import { existsSync } from "node:fs"
import { join } from "node:path"
import { writePrivately } from "@sluice/infra/directory-lock/private-directory.ts"
import { Effect, Schema, type Scope } from "effect"
import { CommandFailed, failedWith } from "../failure.ts"
import { accessTo, runningOn } from "../running.ts"

/** A question that has a name. */
export interface QueryInfo {
  readonly name: string
  readonly about: string
}

/** A row of an answer: values by column. */
export type Row = Readonly<Record<string, unknown>>

/** Who answers questions: the process that has the tables open, or this one. Source: P7. */
export interface QuerySource {
  list(): Effect.Effect<ReadonlyArray<QueryInfo>, CommandFailed>
  rows(
    name: string,
    parameters: Readonly<Record<string, string>>,
  ): Effect.Effect<ReadonlyArray<Row>, CommandFailed>
  /** Says in a line how far the tables are behind the log, and why; nothing where they follow it. */
  behind(): Effect.Effect<string | undefined, CommandFailed>
}

const List = Schema.Struct({
  queries: Schema.Array(Schema.Struct({ name: Schema.String, about: Schema.String })),
})
const Answer = Schema.Struct({ rows: Schema.Array(Schema.Record(Schema.String, Schema.Unknown)) })
const Lag = Schema.Struct({
  state: Schema.Literals(["recovering", "following", "interrupted"]),
  lagFacts: Schema.Number,
  lagMs: Schema.Number,
})
const Refusal = Schema.Struct({ error: Schema.Struct({ message: Schema.String }) })
const isRefusal = Schema.is(Refusal)

/**
 * Finds who answers questions about a data directory.
 *
 * Fails: with one line where there are no tables yet, or somebody else has them open.
 */
export const querySource = Effect.fnUntraced(function* (options: {
  readonly dataDirectory: string
  readonly clickHouseUrl: string | undefined
}): Effect.fn.Return<QuerySource, CommandFailed, Scope.Scope> {
  const run = yield* runningOn(options.dataDirectory)
  if (run?.projector !== undefined && run.projector !== null)
    return askProjector({ url: run.projector.url, key: (yield* accessTo(options.dataDirectory)).queries })
  if (run !== undefined)
    return yield* new CommandFailed({ message: "the projector is being started again: ask in a moment" })
  const place = options.clickHouseUrl ?? join(options.dataDirectory, "clickhouse")
  if (options.clickHouseUrl === undefined && !existsSync(place))
    return yield* new CommandFailed({
      message: `there are no tables in ${options.dataDirectory} yet: start with npm start, or say with --data where they are`,
    })
  return yield* openTables(place)
})

/** Where a projector answers, and the key that it asks for. */
export interface ProjectorLocation {
  readonly url: string
  readonly key: string
}

/** Tables that follow the log are a second behind it at most, and longer under load. */
const worthTellingMs = 5_000

const doing = {
  recovering: "the tables are being recovered",
  interrupted: "the projection is interrupted and tried again",
  following: "the tables are behind",
} as const

/** Says how far tables are behind; nothing where they follow closely. */
export const behindText = ({ state, lagFacts, lagMs }: typeof Lag.Type): string | undefined =>
  state === "following" && lagMs < worthTellingMs
    ? undefined
    : `${doing[state]}: ${lagFacts.toLocaleString("en-US")} facts of the log, the oldest ${(lagMs / 1_000).toFixed(1)} s old, are not in them yet`

/** Asks the process that has the tables open. */
export const askProjector = ({ url, key }: ProjectorLocation): QuerySource => ({
  behind: () => Effect.map(ask({ url: `${url}/lag`, key }, Lag), behindText),
  list: () => Effect.map(ask({ url: `${url}/queries`, key }, List), ({ queries }) => queries),
  rows: (name, parameters) =>
    Effect.map(
      ask(
        {
          url: `${url}/queries/${encodeURIComponent(name)}?${new URLSearchParams(parameters).toString()}`,
          key,
        },
        Answer,
      ),
      ({ rows }) => rows,
    ),
})

const ask = <A>({ url, key }: ProjectorLocation, shape: Schema.Codec<A>): Effect.Effect<A, CommandFailed> =>
  Effect.tryPromise({
    try: async (signal) => {
      const answer = await fetch(url, { signal, headers: { authorization: `Bearer ${key}` } })
      const body: unknown = await answer.json()
      if (isRefusal(body)) throw new CommandFailed({ message: body.error.message })
      return Schema.decodeUnknownSync(shape)(body)
    },
    catch: (error) =>
      error instanceof CommandFailed
        ? error
        : new CommandFailed({
            message: `the projector at ${new URL(url).origin} does not answer: ${String(error)}`,
          }),
  })

/** Opens the tables in this process. The engine is only loaded here. */
const openTables = Effect.fnUntraced(function* (place: string) {
  const { clickHouseAt, openClickHouse } = yield* Effect.promise(
    () => import("@sluice/infra/clickhouse/clickhouse.ts"),
  )
  const { listQueries, runQuery } = yield* Effect.promise(
    () => import("@sluice/projector/queries/named-queries.ts"),
  )
  writePrivately()
  const clickHouse = yield* Effect.acquireRelease(
    Effect.tryPromise({ try: () => openClickHouse(clickHouseAt(place)), catch: failedWith }),
    (opened) => Effect.promise(() => opened.close()),
  )
  const source: QuerySource = {
    behind: () => Effect.succeed(undefined),
    list: () => Effect.sync(listQueries),
    rows: (name, { wait, ...given }) =>
      wait === undefined
        ? Effect.tryPromise({
            try: () => runQuery(clickHouse, { name, given, nowMs: Date.now() }),
            catch: failedWith,
          })
        : Effect.fail(new CommandFailed({ message: "--wait needs what is waited for: nothing runs here" })),
  }
  return source
})
