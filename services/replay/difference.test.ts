import { expect, test } from "vitest"
import { differenceOf } from "./difference.ts"

test("what is alike has no difference, whatever the order of its fields", () => {
  expect(differenceOf({ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1 })).toEqual([])
})

test("each field that changed is named by its path", () => {
  expect(differenceOf({ a: { b: 1, c: 2 }, d: "x" }, { a: { b: 3, c: 2 }, d: "y" })).toEqual([
    { path: "a.b", from: 1, to: 3 },
    { path: "d", from: "x", to: "y" },
  ])
})

test("what came and what went is one change each, as a whole", () => {
  expect(differenceOf({ gone: { deep: 1 } }, { come: { deep: 2 } })).toEqual([
    { path: "gone", from: { deep: 1 } },
    { path: "come", to: { deep: 2 } },
  ])
})

test("a list is compared as a whole, and null is something", () => {
  expect(differenceOf({ list: [1, 2], until: null }, { list: [2], until: { at: 1 } })).toEqual([
    { path: "list", from: [1, 2], to: [2] },
    { path: "until", from: null, to: { at: 1 } },
  ])
})
