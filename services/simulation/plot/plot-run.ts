import type { Sample } from "../run-scenario.ts"
import { ticksUpTo, timeTicks } from "./axis.ts"

/** What is drawn, and what is said of it. */
export interface Plot {
  readonly title: string
  readonly about: string
  readonly samples: ReadonlyArray<Sample>
}

const size = { width: 960, height: 540 }
const left = 64
const right = 936
const levels = { top: 92, bottom: 372 }
const rejections = { top: 412, bottom: 492 }

const colours = {
  capacity: "#d9dde3",
  limit: "#1f5fbf",
  inFlight: "#3a9d5d",
  rejections: "#c0392b",
  grid: "#eceef1",
  text: "#30343b",
  faint: "#6b7078",
}

type Scale = (value: number) => number

/** Draws a run as SVG: the true limit, the one in force, what was in flight, and the 429s, over time. Source: F8. */
export const plotRun = ({ title, about, samples }: Plot): string => {
  const endMs = samples.at(-1)?.atMs ?? 1
  const x: Scale = (atMs) => left + ((right - left) * atMs) / endMs
  const highest = Math.max(
    1,
    ...samples.map(({ capacity, limit, inFlight }) => Math.max(capacity ?? 0, limit ?? 0, inFlight)),
  )
  const mostRejections = Math.max(1, ...samples.map((sample) => sample.rejections))
  const upper = panel(levels, ticksUpTo(highest, 6), "requests at once")
  const lower = panel(rejections, ticksUpTo(mostRejections, 2), "429s")
  const parts = [
    text({ x: left, y: 30, of: title, size: 17, weight: 600 }),
    text({ x: left, y: 50, of: about, size: 12, colour: colours.faint }),
    legend(),
    ...timeTicks(endMs).map(({ atMs, text: label }) => timeMark(x(atMs), label)),
    upper.drawn,
    lower.drawn,
    area(samples, { x, y: upper.y, of: ({ capacity }) => capacity, colour: colours.capacity }),
    line(samples, { x, y: upper.y, of: ({ inFlight }) => inFlight, colour: colours.inFlight, width: 1 }),
    line(samples, { x, y: upper.y, of: ({ limit }) => limit, colour: colours.limit, width: 2 }),
    bars(samples, { x, y: lower.y }),
  ]
  const { width, height } = size
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n")
}

const panel = (
  { top, bottom }: { readonly top: number; readonly bottom: number },
  ticks: ReadonlyArray<number>,
  name: string,
): { readonly y: Scale; readonly drawn: string } => {
  const highest = ticks.at(-1) ?? 1
  const y: Scale = (value) => bottom - ((bottom - top) * value) / highest
  const marks = ticks.map(
    (tick) =>
      `<line x1="${left}" x2="${right}" y1="${fixed(y(tick))}" y2="${fixed(y(tick))}" stroke="${colours.grid}"/>` +
      text({ x: left - 8, y: y(tick) + 4, of: String(tick), size: 11, colour: colours.faint, anchor: "end" }),
  )
  const middle = (top + bottom) / 2
  const label = `<text transform="translate(18 ${middle}) rotate(-90)" font-size="12" fill="${colours.text}" text-anchor="middle">${name}</text>`
  return { y, drawn: [...marks, label].join("\n") }
}

const timeMark = (x: number, label: string): string =>
  `<line x1="${fixed(x)}" x2="${fixed(x)}" y1="${levels.top}" y2="${rejections.bottom}" stroke="${colours.grid}"/>` +
  text({ x, y: rejections.bottom + 20, of: label, size: 11, colour: colours.faint, anchor: "middle" })

const legend = (): string =>
  [
    { x: 0, name: "true limit", colour: colours.capacity },
    { x: 120, name: "limit in force", colour: colours.limit },
    { x: 264, name: "in flight at the provider", colour: colours.inFlight },
    { x: 480, name: "429s", colour: colours.rejections },
  ]
    .map(
      (one) =>
        `<rect x="${left + one.x}" y="64" width="20" height="10" fill="${one.colour}"/>` +
        text({ x: left + one.x + 27, y: 74, of: one.name, size: 12 }),
    )
    .join("\n")

interface Look {
  readonly x: Scale
  readonly y: Scale
  readonly of: (sample: Sample) => number | null
  readonly colour: string
}

/** A line of steps: a value holds until the next one; where there is none, the line has a gap. */
const line = (samples: ReadonlyArray<Sample>, look: Look & { readonly width: number }): string => {
  let path = ""
  let isDrawing = false
  for (const sample of samples) {
    const value = look.of(sample)
    if (value === null) {
      isDrawing = false
      continue
    }
    const x = fixed(look.x(sample.atMs))
    path += isDrawing ? `H${x}V${fixed(look.y(value))}` : `M${x} ${fixed(look.y(value))}`
    isDrawing = true
  }
  return `<path d="${path}" fill="none" stroke="${look.colour}" stroke-width="${look.width}" stroke-linejoin="round"/>`
}

/** Everything below a line of steps. */
const area = (samples: ReadonlyArray<Sample>, { x, y, of, colour }: Look): string => {
  const [first] = samples
  if (first === undefined || samples.every((sample) => of(sample) === null)) return ""
  const steps = samples.map((sample) => `H${fixed(x(sample.atMs))}V${fixed(y(of(sample) ?? 0))}`)
  const path = `M${fixed(x(first.atMs))} ${fixed(y(0))}${steps.join("")}V${fixed(y(0))}Z`
  return `<path d="${path}" fill="${colour}"/>`
}

const bars = (samples: ReadonlyArray<Sample>, { x, y }: { readonly x: Scale; readonly y: Scale }): string => {
  const path = samples
    .filter((sample) => sample.rejections > 0)
    .map((sample) => `M${fixed(x(sample.atMs))} ${fixed(y(0))}V${fixed(y(sample.rejections))}`)
    .join("")
  return `<path d="${path}" fill="none" stroke="${colours.rejections}" stroke-width="1.5"/>`
}

const text = (of: {
  readonly x: number
  readonly y: number
  readonly of: string
  readonly size: number
  readonly weight?: number
  readonly colour?: string
  readonly anchor?: "middle" | "end"
}): string => {
  const weight = of.weight === undefined ? "" : ` font-weight="${of.weight}"`
  const anchor = of.anchor === undefined ? "" : ` text-anchor="${of.anchor}"`
  const words = of.of.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
  return `<text x="${fixed(of.x)}" y="${fixed(of.y)}" font-size="${of.size}" fill="${of.colour ?? colours.text}"${weight}${anchor}>${words}</text>`
}

const fixed = (value: number): string => String(Math.round(value * 10) / 10)
