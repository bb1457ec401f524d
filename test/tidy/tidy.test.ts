import { readdirSync, readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { describe, expect, test } from "vitest"
import { importProblems, maySee, ownerOf } from "./arrows.ts"
import { filesInCircles } from "./circles.ts"
import { packageManifests } from "./package-manifest.ts"
import { describeSource, repositoryFiles, root, sourceFiles } from "./source-file.ts"

const files = sourceFiles()
const packages = packageManifests()
const workspaces = packages.filter(({ folder }) => folder !== ".")

describe("arrows", () => {
  test("each package declares only packages that its floor may see", () => {
    const problems = workspaces.flatMap(({ folder, dependencies }) =>
      workspaces
        .filter((other) => other.name in dependencies && !maySee(folder, other.folder))
        .map((other) => `${folder} must not see ${other.folder}`),
    )
    expect(problems).toEqual([])
  })

  test("actors and infra never see each other, and nothing sees the services from below", () => {
    expect(maySee("actors", "infra") || maySee("infra", "actors")).toBe(false)
    expect(["events", "actors", "infra"].some((floor) => maySee(floor, "services/ingress"))).toBe(false)
  })

  test("each file imports only what its package declares, with the ending, and other packages by their names", () => {
    expect(files.flatMap((file) => importProblems(file, packages))).toEqual([])
  })

  test("no files import each other in a circle, not even types", () => {
    expect(filesInCircles(files, packages)).toEqual([])
  })

  test("a circle is found over packages, and what only leads to one is left out", () => {
    const chain = [
      { path: "events/a.ts", imports: ["./b.ts"] },
      { path: "events/b.ts", imports: ["@sluice/actors/c.ts"] },
      { path: "actors/c.ts", imports: ["@sluice/events/b.ts", "effect"] },
      { path: "actors/d.ts", imports: ["./c.ts"] },
    ]
    expect(filesInCircles(chain, packages)).toEqual(["events/b.ts", "actors/c.ts"])
    expect(filesInCircles(chain.slice(0, 2), packages)).toEqual([])
  })

  test("each package uses everything that it declares", () => {
    const problems = workspaces.flatMap(({ folder, dependencies, devDependencies }) => {
      const texts = files
        .filter(({ path }) => ownerOf(path, packages)?.folder === folder)
        .map(({ text }) => text)
      // As an import, or by its quoted name where another library loads it.
      const isUsed = (name: string) => {
        const quoted = new RegExp(`"${name.replace("@types/", "")}(/[^"]*)?"`)
        return texts.some((text) => quoted.test(text))
      }
      const unused = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !isUsed(name))
      return unused.map((name) => `${folder} declares ${name} and does not use it`)
    })
    expect(problems).toEqual([])
  })

  test("each package exports what others import, and nothing else", () => {
    const problems = workspaces.flatMap(({ folder, name, exports }) => {
      const foreign = files.filter(({ path }) => ownerOf(path, packages)?.folder !== folder)
      const imported = new Set(
        foreign.flatMap(({ text }) => [...text.matchAll(/"(@sluice\/[^"]+)"/gu)].map(([, it]) => it)),
      )
      // Processes are started by the name of their service.
      const isUsed = (path: string) => path === "./main.ts" || imported.has(join(name, path))
      return exports
        .filter((path) => !isUsed(path))
        .map((path) => `${name} exports ${path}, which nobody imports`)
    })
    expect(problems).toEqual([])
  })

  test("every version is exact", () => {
    const problems = packages.flatMap(({ folder, dependencies, devDependencies }) =>
      Object.entries({ ...dependencies, ...devDependencies })
        .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.-]+)?$/.test(version))
        .map(([name, version]) => `${folder}: ${name} ${version}`),
    )
    expect(problems).toEqual([])
  })
})

describe("sizes", () => {
  test("no file is longer than 400 lines", () => {
    const long = files.filter(({ lineCount }) => lineCount > 400)
    expect(long.map(({ path, lineCount }) => `${path}: ${lineCount} lines`)).toEqual([])
  })

  test("no folder holds more than 23 files of its own", () => {
    const folders = Map.groupBy(files, ({ path }) => dirname(path))
    const full = [...folders].filter(([, own]) => own.length > 23)
    expect(full.map(([folder, own]) => `${folder}: ${own.length} files`)).toEqual([])
  })

  test("no function is longer than 70 lines", () => {
    const long = files.flatMap(({ path, functions }) =>
      functions
        .filter(({ lineCount }) => lineCount > 70)
        .map((one) => `${path}:${one.line}: ${one.lineCount} lines`),
    )
    expect(long).toEqual([])
  })
})

describe("names", () => {
  test("every file is named in kebab-case, and none after nothing in particular", () => {
    const vague = new Set([
      "utils",
      "util",
      "helpers",
      "helper",
      "common",
      "types",
      "index",
      "misc",
      "shared",
    ])
    const bad = files.filter(({ path }) => {
      const [stem = "", ...suffixes] = basename(path).split(".")
      return vague.has(stem) || ![stem, ...suffixes].every((part) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(part))
    })
    expect(bad.map(({ path }) => path)).toEqual([])
  })

  test("the top of the repository holds what the house names and nothing else", () => {
    const house = ["events", "actors", "infra", "services", "test", "docs", ".ci"]
    const papers = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "LICENSE"]
    const settings = [".editorconfig", ".gitignore", ".npmrc", ".oxfmtrc.json", ".oxlintrc.json", "nx.json"]
    const packaging = [
      "package.json",
      "package-lock.json",
      "tsconfig.json",
      "vitest.config.ts",
      ".dockerignore",
    ]
    const running = ["sluice.example.yaml", "Dockerfile", "compose.yaml"]
    const ignored = readFileSync(join(root, ".gitignore"), "utf8")
      .split("\n")
      .map((line) => line.replaceAll("/", ""))
    const allowed = new Set([...house, ...papers, ...settings, ...packaging, ...running, ...ignored, ".git"])
    expect(readdirSync(root).filter((name) => !allowed.has(name) && !name.endsWith(".log"))).toEqual([])
  })
})

describe("text", () => {
  test("every export has a docstring", () => {
    const missing = files.flatMap(({ path, exports }) => {
      const documented = new Set(exports.filter(({ isDocumented }) => isDocumented).map(({ name }) => name))
      return exports.filter(({ name }) => !documented.has(name)).map(({ name }) => `${path}: ${name}`)
    })
    expect(missing).toEqual([])
  })

  test("no file passes on what another one of ours exports", () => {
    const barrels = files.flatMap(({ path, passedOn }) =>
      passedOn.filter((from) => /^(\.|@sluice\/)/.test(from)).map((from) => `${path}: ${from}`),
    )
    expect(barrels).toEqual([])
  })

  test("no comment silences a tool or puts work off", () => {
    const silencing =
      /\b(oxlint|eslint|tsc?|biome|prettier|oxfmt|v8|c8|istanbul)[- ](disable|ignore|expect-error|nocheck)/
    const later = /\b(TODO|FIXME|XXX|HACK)\b/
    const bad = files.flatMap(({ path, comments }) =>
      comments
        .filter((text) => silencing.test(text) || later.test(text))
        .map((text) => `${path}: ${text.trim()}`),
    )
    expect(bad).toEqual([])
  })

  test("no file names a place on somebody's machine", () => {
    const place = /(?<![\w.:/-])\/(?:work|home|Users|root)\/[\w.-]+/
    const named = repositoryFiles("**/*.{ts,mjs,json,md,yaml,yml,sql,html}").flatMap((path) => {
      const found = place.exec(readFileSync(join(root, path), "utf8"))
      return found === null ? [] : [`${path}: ${found[0]}`]
    })
    expect(named).toEqual([])
  })
})

describe("the tidy tests themselves", () => {
  const seen = describeSource(
    "sample.ts",
    [
      'import { a } from "./a.ts"',
      'export * from "b"',
      "/** Says something. */",
      "export const said = () => import('node:fs')",
      "export type Unsaid = typeof a",
      "describe.each([1])('suite', () => {",
      "  test('one', () => {",
      "  })",
      "})",
    ].join("\n"),
  )

  test("see imports, exports with and without docstring, and exports of others", () => {
    expect(seen.imports).toEqual(["./a.ts", "b", "node:fs"])
    expect(seen.passedOn).toEqual(["b"])
    expect(seen.exports).toEqual([
      { name: "said", isDocumented: true },
      { name: "Unsaid", isDocumented: false },
    ])
  })

  test("count the lines of functions, but not of a suite", () => {
    expect(seen.lineCount).toBe(9)
    expect(seen.functions).toEqual([
      { line: 4, lineCount: 1 },
      { line: 7, lineCount: 2 },
    ])
  })

  test("see the code of every package", () => {
    for (const { folder } of workspaces)
      expect(files.some(({ path }) => path.startsWith(`${folder}/`))).toBe(true)
  })
})
