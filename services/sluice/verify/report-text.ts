import { styleText } from "node:util"
import type { Spooled } from "@sluice/infra/event-log/spool/spooled.ts"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import { type InvariantName, invariants } from "@sluice/replay/verify/invariant.ts"
import type { SubjectReport, Violation } from "@sluice/replay/verify/tally.ts"
import { wrapped } from "../wrapped-text.ts"

const width = 100
const indent = "    "

/** What each invariant says, in the words of an operator. */
const sentences: Readonly<Record<InvariantName, string>> = {
  history: "every commit can be read and folded",
  versions: "versions have no gaps, and times never fall",
  limits: "no grant is above the limit in force",
  order: "nobody overtakes in a lane",
  leases: "each lease is granted once and ends once",
  usage: "each attempt is metered once",
  cooldowns: "each cooldown starts once and ends once, at its time",
  state: "the state that runs, or is stored, is what the log makes",
}

const lookedAt: Readonly<Record<InvariantName, string>> = {
  history: "commits",
  versions: "commits",
  limits: "slots",
  order: "places",
  leases: "slots",
  usage: "usages",
  cooldowns: "facts",
  state: "states",
}

/** Writes what a verification found: a line for each invariant, then the commits that break one. Source: R3. */
export const reportText = (
  report: SubjectReport,
  seconds: number,
  { colours }: { readonly colours: boolean },
): string => {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    colours ? styleText(style, text, { validateStream: false }) : text
  const lines = (Object.keys(invariants) as ReadonlyArray<InvariantName>).map((name) => {
    const { checked, violated } = report.counts[name]
    const mark = violated > 0 ? paint("red", "fails") : checked > 0 ? paint("green", "holds") : "  –  "
    const counted = `${count(checked)} ${lookedAt[name]}${violated > 0 ? `, ${count(violated)} wrong` : ""}`
    return `${mark}  ${invariants[name].padEnd(4)} ${sentences[name].padEnd(58)} ${counted}`
  })
  const ofCommit = Map.groupBy(report.violations, ({ subject, sequence }) => `${subject} ${sequence}`)
  const listed = [...ofCommit.values()].map((violations) => commitText(violations, paint))
  const unseen =
    Object.values(report.counts).reduce((sum, { violated }) => sum + violated, 0) - report.violations.length
  return [
    ...lines,
    ...(listed.length === 0 ? [] : ["", ...listed]),
    ...(unseen > 0 ? [`${indent}and ${count(unseen)} more of the same kinds`] : []),
    "",
    `${count(report.facts)} facts in ${count(report.commits)} commits, in ${seconds.toFixed(1)} s: ${count(Math.round(report.facts / seconds))} facts/s`,
  ].join("\n")
}

/** Says what lies in the spool, which was not verified; nothing where it is empty. */
export const spoolLines = (spool: Spooled | null): ReadonlyArray<string> => {
  if (spool === null) return []
  const { waiting, refused } = spool
  return [
    ...(waiting.commits === 0
      ? []
      : [
          `${count(waiting.commits)} commits with ${count(waiting.facts)} facts are in the spool and not in the log yet: they are not verified`,
        ]),
    ...(refused.commits === 0
      ? []
      : [
          `${count(refused.commits)} commits with ${count(refused.facts)} facts were refused by the log: they are kept in the file refused of the spool`,
        ]),
  ]
}

/** A commit with all that is wrong with it. */
const commitText = (
  violations: ReadonlyArray<Violation>,
  paint: (style: "red" | "dim", text: string) => string,
): string => {
  const [first] = violations
  if (first === undefined) return ""
  const { subject, commit, version, sequence, at } = first
  const when = at === null ? "" : `, ${new Date(at).toISOString().replace("T", " ").replace("Z", " UTC")}`
  const place = `${commit} of ${subject}, version ${version ?? "?"}, sequence ${sequence}${when}`
  const said = violations.flatMap(({ invariant, problem }) =>
    wrapped(`${invariants[invariant].padEnd(4)} ${visible(problem)}`, width - indent.length),
  )
  return [
    ...wrapped(visible(place), width).map((line) => paint("red", line)),
    ...said.map((line) => indent + line),
  ].join("\n")
}

const count = (number: number): string => number.toLocaleString("en-US")
