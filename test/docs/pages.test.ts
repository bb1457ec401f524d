import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { root } from "../tidy/source-file.ts"
import { generatedPages } from "./pages.ts"

test.each([...generatedPages])("%s is what the code says: else run npm run docs", async (path, make) => {
  expect(readFileSync(join(root, path), "utf8"), `${path} is out of date: run npm run docs`).toBe(
    await make(),
  )
})
