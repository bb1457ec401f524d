import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { Schema } from "effect"
import { repositoryFiles, root } from "./source-file.ts"

const Versions = Schema.Record(Schema.String, Schema.String)

const Manifest = Schema.Struct({
  name: Schema.String,
  dependencies: Schema.optional(Versions),
  devDependencies: Schema.optional(Versions),
})

/** A `package.json` of the repository and the folder that it speaks for, `.` for the root. */
export interface PackageManifest {
  readonly folder: string
  readonly name: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const decodeManifest = Schema.decodeUnknownSync(Schema.fromJsonString(Manifest))

/** Returns every `package.json` of the repository. */
export const packageManifests = (): ReadonlyArray<PackageManifest> =>
  repositoryFiles("**/package.json").map((path) => {
    const {
      name,
      dependencies = {},
      devDependencies = {},
    } = decodeManifest(readFileSync(join(root, path), "utf8"))
    return { folder: dirname(path), name, dependencies, devDependencies }
  })
