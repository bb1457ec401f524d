import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { repositoryFiles, root } from "./source-file.ts"

/** What has no text of others to print: the setup before any package is there, archives (bytes to a pipe), and the simulated provider. */
const others = ["infra/bootstrap/say.mjs", "services/simulator/main.ts", "services/sluice/archive/export.ts"]
const printer = "infra/terminal/print.ts"

test("everything that goes to a terminal goes through one printer, which shows escapes instead of sending them", () => {
  const writers = repositoryFiles("**/*.{ts,mjs}")
    .filter((path) => /^(infra|services)\//u.test(path) && !/\.test\.ts$|\/testing\//u.test(path))
    .filter((path) =>
      /\bstd(?:out|err)\.write\(|\bconsole\.\w+\(/u.test(readFileSync(join(root, path), "utf8")),
    )
  expect(writers.toSorted()).toEqual([...others, printer].toSorted())
})
