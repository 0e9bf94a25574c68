import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import type { Resource } from '../../../machinery/resource.js'
import type { OpenApiSchema } from '../../../schema/index.js'
import type { Registries } from '../../registry/registries.js'
import { groupsOf, rootOf } from '../groups.js'
import { isBuiltIn } from '../priorities.js'
import { documentV2 } from './document-v2.js'
import { documentV3 } from './document-v3.js'
import { encodeV2 } from './gnostic-v2.js'
import { encodeV3 } from './gnostic-v3.js'
import { mergeV2, type PartV2 } from './merge-v2.js'
import type { Paths } from './operation.js'
import { resourcePaths } from './resource-paths.js'
import { groupPaths, serverPaths, versionPaths } from './server-paths.js'

const gzipAsync = promisify(gzip)

/** A document in one form; packed when somebody first wants it so. */
export class Form {
  #packed: Promise<Buffer> | undefined

  constructor(readonly bytes: Buffer) {}

  get packed(): Promise<Buffer> {
    return (this.#packed ??= gzipAsync(this.bytes, { level: constants.Z_BEST_SPEED }))
  }
}

/** A published document in its forms, which tell of the same state by the same hash. */
export class Document {
  readonly json: Form
  /** Of the JSON, in upper case hexadecimal digits. */
  readonly hash: string
  #protobuf: Form | undefined

  constructor(
    value: OpenApiSchema,
    private readonly encode: (value: OpenApiSchema) => Uint8Array,
    /** When it was made, in milliseconds. */
    readonly made: number,
  ) {
    this.json = new Form(Buffer.from(JSON.stringify(value)))
    this.hash = createHash('sha512').update(this.json.bytes).digest('hex').toUpperCase()
  }

  get protobuf(): Form {
    return (this.#protobuf ??= new Form(
      Buffer.from(this.encode(JSON.parse(this.json.bytes.toString()) as OpenApiSchema)),
    ))
  }
}

/** What a document of OpenAPI v3 is made of: remade when other resources are served there. */
interface Part {
  readonly paths: () => Paths
  readonly resources: readonly Resource[]
}

interface Made {
  readonly resources: readonly Resource[]
  readonly document: Document
}

/**
 * The OpenAPI documents of all that is served, each made when it is first asked for, and again when the resources it
 * tells of have changed; a custom resource changes only the document of its own group and version, and the whole in v2.
 */
export class OpenApiDocuments {
  readonly #made = new Map<string, Made>()
  #whole: Made | undefined
  #merged: { readonly own: Document; readonly parts: readonly PartV2[]; readonly document: Document } | undefined

  constructor(
    private readonly registries: Registries,
    private readonly now: () => number,
  ) {}

  /** The names of the v3 documents, sorted: `api/v1`, `apis/apps`, `apis/apps/v1`, `version`. */
  get names(): readonly string[] {
    return [...this.#parts().keys()].sort()
  }

  /** The v3 document of that name; undefined if there is none. */
  v3(name: string): Document | undefined {
    const part = this.#parts().get(name)
    if (!part) {
      this.#made.delete(name)
      return undefined
    }
    const { resources } = part
    let made = this.#made.get(name)
    if (!made || !same(made.resources, resources)) {
      made = { resources, document: new Document(documentV3(part.paths(), resources), encodeV3, this.now()) }
      this.#made.set(name, made)
    }
    return made.document
  }

  get v2(): Document {
    const { resources } = this.registries
    if (!this.#whole || !same(this.#whole.resources, resources)) {
      const paths = Object.assign({}, ...[...this.#parts().values()].map(part => part.paths())) as Paths
      this.#whole = { resources, document: new Document(documentV2(paths, resources), encodeV2, this.now()) }
    }
    return this.#whole.document
  }

  /** The whole in v2, with what other servers say of theirs. */
  v2With(parts: readonly PartV2[]): Document {
    const own = this.v2
    if (parts.length === 0) return own
    let merged = this.#merged
    if (
      merged?.own !== own ||
      merged.parts.length !== parts.length ||
      parts.some((part, i) => part !== merged?.parts[i])
    ) {
      const value = mergeV2(JSON.parse(own.json.bytes.toString()) as OpenApiSchema, parts)
      this.#merged = merged = { own, parts, document: new Document(value, encodeV2, this.now()) }
    }
    return merged.document
  }

  #parts(): ReadonlyMap<string, Part> {
    const parts = new Map<string, Part>()
    for (const [name, paths] of Object.entries(serverPaths)) parts.set(name, { paths: () => paths, resources: [] })
    for (const { name: group, versions } of groupsOf(this.registries.resources)) {
      const builtIn = isBuiltIn(group)
      if (group && builtIn) parts.set(`apis/${group}`, { paths: () => groupPaths(group), resources: [] })
      for (const { version, resources } of versions)
        parts.set(rootOf({ group, version, kind: '' }), {
          paths: () => sorted({ ...(builtIn ? versionPaths(group, version) : {}), ...pathsOf(resources) }),
          resources,
        })
    }
    return parts
  }
}

const pathsOf = (resources: readonly Resource[]): Paths => Object.assign({}, ...resources.map(resourcePaths)) as Paths

const sorted = (paths: Paths): Paths => Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1)))

const same = (before: readonly Resource[], now: readonly Resource[]): boolean =>
  before.length === now.length && before.every((resource, i) => resource === now[i])
