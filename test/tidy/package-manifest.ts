import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { Schema } from "effect"
import { repositoryFiles, root } from "./source-file.ts"

const Texts = Schema.Record(Schema.String, Schema.String)

const Manifest = Schema.Struct({
  name: Schema.String,
  exports: Schema.optional(Texts),
  dependencies: Schema.optional(Texts),
  devDependencies: Schema.optional(Texts),
})

/** A `package.json` of the repository and the folder that it speaks for, `.` for the root. */
export interface PackageManifest {
  readonly folder: string
  readonly name: string
  /** What other packages may import, by the paths below the folder. */
  readonly exports: ReadonlyArray<string>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const decodeManifest = Schema.decodeUnknownSync(Schema.fromJsonString(Manifest))

/** Returns every `package.json` of the repository. */
export const packageManifests = (): ReadonlyArray<PackageManifest> =>
  repositoryFiles("**/package.json").map((path) => {
    const {
      name,
      exports = {},
      dependencies = {},
      devDependencies = {},
    } = decodeManifest(readFileSync(join(root, path), "utf8"))
    return { folder: dirname(path), name, exports: Object.keys(exports), dependencies, devDependencies }
  })
