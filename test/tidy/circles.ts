import { dirname, join } from "node:path"
import type { PackageManifest } from "./package-manifest.ts"
import type { SourceFile } from "./source-file.ts"

/** Lists the files that import each other in a circle, and those on the way from one circle to another. */
export const filesInCircles = (
  files: ReadonlyArray<Pick<SourceFile, "path" | "imports">>,
  packages: ReadonlyArray<PackageManifest>,
): ReadonlyArray<string> => {
  const imports = new Map(
    files.map(({ path, imports: all }) => [path, new Set(all.map((one) => targetOf(path, one, packages)))]),
  )
  let before: number
  do {
    before = imports.size
    const imported = new Set([...imports.values()].flatMap((targets) => [...targets]))
    for (const [path, targets] of imports)
      if (!imported.has(path) || ![...targets].some((target) => imports.has(target))) imports.delete(path)
  } while (imports.size < before)
  return [...imports.keys()]
}

const targetOf = (path: string, specifier: string, packages: ReadonlyArray<PackageManifest>): string => {
  if (specifier.startsWith(".")) return join(dirname(path), specifier)
  const owner = packages.find(({ name }) => specifier.startsWith(`${name}/`))
  return owner === undefined ? specifier : join(owner.folder, specifier.slice(owner.name.length + 1))
}
