// npm run docs: writes the pages that are made from code.
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { root } from "../tidy/source-file.ts"
import { pages } from "./pages.ts"

for (const [path, make] of Object.entries(pages)) await writeFile(join(root, path), await make())
