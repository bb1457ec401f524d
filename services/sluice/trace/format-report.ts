import { basename } from "node:path"
import { styleText } from "node:util"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import type { TraceReport } from "./report.ts"

/** How the trace was played. Units: milliseconds. */
export interface Played {
  readonly file: string
  readonly speed: number
  readonly model: string
  readonly tookMs: number
}

/** Shows for people what became of a played trace. */
export const formatReport = (report: TraceReport, { file, speed, model, tookMs }: Played): string => {
  const { requests, completed, waitMs, tokens, upstreamPeak, limit } = report
  const share = requests === 0 ? 0 : (100 * completed) / requests
  const isAbove = limit !== null && upstreamPeak > limit
  const lines: ReadonlyArray<readonly [string, string]> = [
    ["requests", whole(requests)],
    ["completed", `${whole(completed)} (${share.toFixed(1)} %)`],
    ["by status", listed(report.statuses)],
    ["by code", listed(report.codes)],
    ["upstream 429s", whole(report.upstream429)],
    [
      "upstream peak",
      `${upstreamPeak} in flight, limit ${limit ?? "none"}${isAbove ? styleText("red", " (above it!)") : ""}`,
    ],
    ["queue wait", `p50 ${whole(waitMs.p50)} ms, p95 ${whole(waitMs.p95)} ms, p99 ${whole(waitMs.p99)} ms`],
    ["tokens", `${whole(tokens.input)} in, ${whole(tokens.output)} out`],
    ["cost", `${report.costUsd.toFixed(6)} USD`],
    ["projector lag", `${whole(report.lagFacts)} facts`],
  ]
  const title = `${visible(basename(file))} at ${speed} times its speed as ${visible(model)}, in ${(tookMs / 1_000).toFixed(1)} s`
  return [
    styleText("bold", title),
    ...lines.map(([label, text]) => `  ${styleText("dim", label.padEnd(15))}${text}`),
    "",
  ].join("\n")
}

const whole = (n: number): string => Math.round(n).toLocaleString("en-US")

const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .toSorted(([, one], [, other]) => other - one)
    .map(([name, count]) => `${visible(name)}: ${whole(count)}`)
    .join(", ") || "none"
