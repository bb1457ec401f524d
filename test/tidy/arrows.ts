import { dirname, join } from "node:path"
import type { PackageManifest } from "./package-manifest.ts"
import type { SourceFile } from "./source-file.ts"

/** Says whether one floor of the house may see another (docs/architecture.md); floors are top-level folders. */
export const maySee = (from: string, to: string): boolean => {
  const [floor, target] = [floorOf(from), floorOf(to)]
  if (floor === "test") return true
  // The command line and `up` start the other services; these do not know each other, but the simulation runs what the ingress decides against what the simulated providers do, and what the projector makes of it.
  if (target === "services")
    return from === "services/sluice" || (from === "services/simulation" && simulated.has(to))
  return (arrows[floor] ?? []).includes(target)
}

const simulated = new Set(["services/ingress", "services/projector", "services/simulator"])

const arrows: Readonly<Record<string, ReadonlyArray<string>>> = {
  events: [],
  actors: ["events"],
  infra: ["events"],
  services: ["events", "actors", "infra"],
}

const floorOf = (folder: string): string => folder.split("/")[0] ?? folder

/** The package that a file belongs to: the one whose folder holds it most closely. */
export const ownerOf = (
  path: string,
  packages: ReadonlyArray<PackageManifest>,
): PackageManifest | undefined =>
  packages
    .filter(({ folder }) => folder === "." || path.startsWith(`${folder}/`))
    .toSorted((a, b) => b.folder.length - a.folder.length)[0]

/** The package that an import is from; nothing for what is relative or Node's own. */
export const packageOf = (specifier: string): string | undefined => {
  if (/^(\.|node:|\/|file:)/.test(specifier)) return undefined
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/")
}

/** Lists what is wrong with a file's imports, given what its package and the root declare. */
export const importProblems = (
  file: SourceFile,
  packages: ReadonlyArray<PackageManifest>,
): ReadonlyArray<string> => {
  const owner = ownerOf(file.path, packages)
  const tools = packages.find(({ folder }) => folder === ".")?.devDependencies ?? {}
  // Tests and what stands in no package run with the tools at hand.
  const isTooling = file.isTest || owner?.folder === "."
  const declared = { ...owner?.dependencies, ...(isTooling ? { ...owner?.devDependencies, ...tools } : {}) }
  return file.imports.flatMap((specifier) => {
    const name = packageOf(specifier)
    if (name !== undefined)
      return name in declared ? [] : [`${file.path} imports ${name}, which its package does not declare`]
    return specifier.startsWith(".") ? relativeProblems(file, specifier, packages) : []
  })
}

const relativeProblems = (file: SourceFile, specifier: string, packages: ReadonlyArray<PackageManifest>) => {
  const target = join(dirname(file.path), specifier)
  const problems: Array<string> = []
  if (!/\.(ts|tsx|mjs|json)$/.test(specifier))
    problems.push(`${file.path} imports ${specifier} without its ending`)
  // What runs before anything is installed cannot go by the names of packages.
  const isBootstrap = file.path.endsWith(".mjs") && target.startsWith("infra/bootstrap/")
  if (ownerOf(target, packages) !== ownerOf(file.path, packages) && !isBootstrap)
    problems.push(`${file.path} reaches into another package by ${specifier}`)
  return problems
}
