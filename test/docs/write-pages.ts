import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../tidy/source-file.ts"
import { generatedPages } from "./pages.ts"

for (const [path, make] of generatedPages) writeFileSync(join(root, path), await make())
