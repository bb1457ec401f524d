import { expect, test } from "vitest"
import { formatPath } from "../problem.ts"
import { boundsFindings } from "./learned-limits.ts"

const found = (raw: unknown) =>
  boundsFindings(raw).map(({ path, message }) => `${formatPath(path)}: ${message}`)

const withAccount = (adaptive: object) => ({ channels: [{ accounts: [{ concurrency: { adaptive } }] }] })

test("bounds that leave room are fine, and so are those that are not all given", () => {
  expect(found(withAccount({ min: 2, initial: 2, max: 2 }))).toEqual([])
  expect(found(withAccount({ initial: 500 }))).toEqual([])
  expect(found({ settings: { adaptive: { min: 3, max: null } } })).toEqual([])
  expect(found({ channels: [{ accounts: [{ concurrency: "adaptive" }, { concurrency: 4 }] }] })).toEqual([])
})

test("bounds that exclude each other are told once, with their path, of the settings and of an account", () => {
  const place = "channels[0].accounts[0].concurrency.adaptive"
  expect(found(withAccount({ min: 3, initial: 2 }))).toEqual([
    `${place}.initial: 2 is not valid: expected min (3) or more`,
  ])
  expect(found(withAccount({ initial: 9, max: 8 }))).toEqual([
    `${place}.initial: 9 is not valid: expected max (8) or less`,
  ])
  expect(found({ settings: { adaptive: { min: 9, initial: 5, max: 8 } } })).toEqual([
    "settings.adaptive.min: 9 is not valid: expected max (8) or less",
  ])
})
