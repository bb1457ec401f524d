import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { root } from "../tidy/source-file.ts"
import { pages } from "./pages.ts"

it.each(Object.entries(pages))("%s says what the code says: npm run docs writes it", async (path, make) => {
  expect(readFileSync(join(root, path), "utf8")).toBe(await make())
})
