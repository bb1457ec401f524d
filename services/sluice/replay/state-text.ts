import { styleText } from "node:util"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import type { Change } from "@sluice/replay/difference.ts"
import { span } from "@sluice/replay/explain/wording.ts"
import type { ReplayedState } from "@sluice/replay/replay-actor.ts"
import { cut, wrapped } from "../wrapped-text.ts"

interface Look {
  readonly colours: boolean
}

type Fields = Readonly<Record<string, unknown>>

const nameWidth = 18
const width = 100
const indent = 8
/** So many of what an actor holds are named; `--json` has all. */
const shownMembers = 3
/** What an actor holds many of, and what of each is worth reading. */
const members: Readonly<Record<string, ReadonlyArray<string>>> = {
  leases: ["account", "client", "model", "acquiredAt"],
  waiters: ["client", "model", "arrivedAt", "dueAt"],
  sessions: ["lastSeenAt", "inFlight"],
}
const times = /(At|until|since|start|end)$/u

/** Writes an actor as it was, for people: what is 0 or empty is named at the end. Source: R1. */
export const stateText = (state: ReplayedState, { colours }: Look): string => {
  const paint = painter(colours)
  const { lanes, ...context } = state.context
  const waiters = (lanes as Fields | undefined)?.["waiters"]
  const fields = Object.entries({ ...context, ...(waiters === undefined ? {} : { waiters }) })
  const empty = fields.filter(([, value]) => isNothing(value)).map(([name]) => name)
  const lines = fields
    .filter(([, value]) => !isNothing(value))
    .map(
      ([name, value]) =>
        [name, members[name] === undefined ? shown(name, value) : listed(name, value)] as const,
    )
  return [
    paint("bold", `${visible(state.actor)} at ${instant(state.at)}, version ${state.version}`),
    ...(state.aheadMs === undefined ? [] : [row("clock", clockText(state.aheadMs), paint)]),
    row("state", regions(state.value), paint),
    ...lines.map(([name, text]) => row(name, text, paint)),
    ...(empty.length === 0 ? [] : [row("0 or empty", empty.join(", "), paint)]),
  ].join("\n")
}

const clockText = (aheadMs: number): string =>
  `its times are ${span(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead of" : "behind"} the clock of its machine`

/** Writes what a fact changed, a line each, below the line of the fact: what came with +, what went with −. */
export const changeLines = (changes: ReadonlyArray<Change>, { colours }: Look): string => {
  const paint = painter(colours)
  return changes
    .map(({ path, from, to }) => {
      const name = paint("dim", path === "" ? "all" : visible(path))
      if (to === undefined) return `  ${paint("red", "−")} ${name}\n`
      const room = width - path.length - indent
      if (from === undefined) return `  ${paint("green", "+")} ${name} ${cut(short(path, to), room)}\n`
      const half = Math.floor(room / 2)
      return `    ${name} ${cut(short(path, from), half)} → ${cut(short(path, to), half)}\n`
    })
    .join("")
}

/** Units: UTC. */
const instant = (at: number): string => new Date(at).toISOString().replace("T", " ").replace("Z", " UTC")

const painter =
  (colours: boolean) =>
  (style: Parameters<typeof styleText>[0], text: string): string =>
    colours ? styleText(style, text, { validateStream: false }) : text

const row = (name: string, text: string, paint: ReturnType<typeof painter>): string => {
  const [first = "", ...more] = wrapped(visible(text), width - nameWidth)
  return [
    paint("dim", visible(name).padEnd(nameWidth)) + first,
    ...more.map((line) => " ".repeat(nameWidth) + line),
  ].join("\n")
}

const regions = (value: unknown): string =>
  typeof value === "string"
    ? value
    : Object.entries(value as Fields)
        .map(([region, state]) => `${region} ${String(state)}`)
        .join(" · ")

const isNothing = (value: unknown): boolean =>
  value === null ||
  value === "" ||
  value === 0 ||
  value === false ||
  (typeof value === "object" && Object.values(value).every(isNothing))

/** How many there are, and the first of them. */
const listed = (name: string, value: unknown): string => {
  const all = Object.entries(value as Record<string, Fields>)
  const some = all.slice(0, shownMembers).map(([key, fields]) => {
    const told = (members[name] ?? []).filter(
      (field) => fields[field] !== undefined && fields[field] !== null,
    )
    return `${key} (${told.map((field) => `${field} ${shown(field, fields[field])}`).join(", ")})`
  })
  const more = all.length > some.length ? `; ${all.length - some.length} more` : ""
  return `${all.length}: ${some.join("; ")}${more}`
}

const shown = (name: string, value: unknown): string => {
  if (typeof value === "number") return times.test(name) && value > 1e12 ? instant(value) : String(value)
  if (typeof value === "string") return value
  if (Array.isArray(value))
    return value.length === 0 ? "none" : value.map((one) => shown(name, one)).join(", ")
  if (typeof value !== "object" || value === null) return String(value)
  return Object.entries(value)
    .filter(([, one]) => !isNothing(one))
    .map(([key, one]) => (isPlain(one) ? `${key} ${shown(key, one)}` : `${key} (${shown(key, one)})`))
    .join(", ")
}

const isPlain = (value: unknown): boolean => typeof value !== "object" || value === null

const short = (path: string, value: unknown): string => {
  if (value === undefined || value === null) return "none"
  const name = path.slice(path.lastIndexOf(".") + 1)
  return visible(isPlain(value) ? shown(name, value) : `{${shown(name, value)}}`)
}
