import type { Clock } from '../../machinery/clock.js'
import { type OpenApiSchema, parseJson } from '../../schema/index.js'
import { v3OfV2 } from '../discovery/openapi/convert-v2.js'
import { Document } from '../discovery/openapi/documents.js'
import { encodeV2 } from '../discovery/openapi/gnostic-v2.js'
import { encodeV3 } from '../discovery/openapi/gnostic-v3.js'
import { type PartV2, partOfV2 } from '../discovery/openapi/merge-v2.js'
import type { Answer } from '../webhooks/exchange.js'

/** Asks a server for a document; the answer to an ETag may be 304. */
export type AskForDocument = (path: string, etag: string) => Promise<Answer>

/** What is asked for with every request is asked for no more often than this, in milliseconds. */
const keptMs = 10_000

/** What another server's OpenAPI documents say of its group version. */
export class RemoteOpenApi {
  /** Of its v3 document, below the server: with a hash by which it may be kept. */
  v3Url: string | undefined
  /** Made of its v2 document if it has no other. */
  convertedV3: Document | undefined
  #index = ''
  #v2: { readonly etag: string; readonly part: PartV2 | undefined } = { etag: '', part: undefined }
  #asked = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | undefined

  constructor(
    /** `apis/GROUP/VERSION`. */
    readonly name: string,
    private readonly ask: AskForDocument,
    private readonly clock: Clock,
  ) {}

  /** Finds out anew where its v3 document is. What it said before counts if it does not tell. */
  async refresh(): Promise<void> {
    const root = '/openapi/v3'
    const answer = await this.ask(root, this.#index).catch(() => undefined)
    if (answer?.status === 200) {
      this.#index = answer.headers.etag ?? ''
      this.v3Url = urlIn(answer.body, this.name)
      this.convertedV3 = undefined
    } else if (answer?.status === 404) {
      this.v3Url = undefined
      await this.v2()
      const { part } = this.#v2
      this.convertedV3 = part && new Document(v3OfV2(part), encodeV3, this.clock.now())
    }
  }

  /** What its v2 document says; undefined if it has none that makes sense. */
  async v2(): Promise<PartV2 | undefined> {
    if (this.clock.now() - this.#asked >= keptMs) {
      this.#asking ??= this.#askForV2().finally(() => {
        this.#asking = undefined
      })
      await this.#asking
    }
    return this.#v2.part
  }

  async #askForV2(): Promise<void> {
    const answer = await this.ask('/openapi/v2', this.#v2.etag).catch(() => undefined)
    this.#asked = this.clock.now()
    if (answer?.status !== 200) return
    this.#v2 = { etag: answer.headers.etag ?? '', part: readPart(answer.body, `/${this.name}`) }
  }
}

/** A document that cannot be published in every form is not published at all. */
function readPart(body: Buffer, root: string): PartV2 | undefined {
  try {
    const part = partOfV2(parseJson(body.toString()) as OpenApiSchema, root)
    encodeV2({ paths: part.paths, definitions: part.definitions, parameters: part.parameters })
    return part
  } catch {
    return undefined
  }
}

function urlIn(body: Buffer, name: string): string | undefined {
  try {
    const { paths } = parseJson(body.toString()) as { paths?: { [name: string]: { serverRelativeURL?: unknown } } }
    const url = paths?.[name]?.serverRelativeURL
    // Nobody is led to anything but the version's own document.
    return typeof url === 'string' && url.startsWith(`/openapi/v3/${name}?hash=`) ? url : undefined
  } catch {
    return undefined
  }
}
