import type { ApiRequest, ApiResponse } from '../../machinery/http.js'
import { listOf, Status } from '../../machinery/meta/index.js'
import { mediaTypes } from '../../machinery/negotiation.js'
import { decodeObject, isEnvelope, type Kind, parseExactJson, unwrapEnvelope } from '../../schema/index.js'
import type { Registries } from '../registry/registries.js'

/** Bodies as they are written down: JSON, whatever form they had on the wire. */
export class AuditBodies {
  constructor(private readonly registries: Registries) {}

  /** Calls `seen` with the body of a request once somebody reads it. */
  tap({ body, headers }: ApiRequest, seen: (object: unknown) => void): void {
    if (body.kind === 'object') seen(body.value)
    if (body.kind !== 'bytes') return
    const read = body.read
    body.read = async limit => {
      const bytes = await read.call(body, limit)
      if (bytes.length > 0) seen(this.#parsed(bytes, headers['content-type'] ?? mediaTypes.json))
      return bytes
    }
  }

  /** The object of an answer that is complete; undefined if it is none. */
  answered({ body, headers }: ApiResponse): unknown {
    if (body.kind === 'object') return body.value
    if (body.kind !== 'bytes') return undefined
    const [only] = body.chunks
    const bytes =
      body.chunks.length === 1 && only
        ? Buffer.from(only.buffer, only.byteOffset, only.length)
        : Buffer.concat(body.chunks)
    return this.#parsed(bytes, String(headers['content-type'] ?? ''))
  }

  #parsed(bytes: Buffer, contentType: string): unknown {
    try {
      if (contentType.startsWith(mediaTypes.protobuf)) return this.#fromProtobuf(bytes)
      if (/^application\/(?:[a-z.-]+\+)?json/.test(contentType)) return parseExactJson(bytes.toString())
    } catch {
      // What is no JSON is refused elsewhere.
    }
    return undefined
  }

  #fromProtobuf(bytes: Buffer): unknown {
    if (!isEnvelope(bytes)) return undefined
    const envelope = unwrapEnvelope(bytes)
    const kind = this.#kindOf(envelope.apiVersion, envelope.kind)
    return kind && decodeObject(kind, envelope)
  }

  #kindOf(apiVersion: string, name: string): Kind<unknown> | undefined {
    if (name === 'Status') return Status as Kind<unknown>
    for (const { kind } of this.registries.resources) {
      const { group, version } = kind.gvk
      if ((group ? `${group}/${version}` : version) !== apiVersion) continue
      if (kind.gvk.kind === name) return kind as Kind<unknown>
      if (`${kind.gvk.kind}List` === name) return listOf(kind) as Kind<unknown>
    }
    return undefined
  }
}

/** The same object, or list of objects, without `metadata.managedFields`. */
export function withoutManagedFields(object: unknown): unknown {
  if (typeof object !== 'object' || object === null) return object
  const { metadata, items, ...rest } = object as { readonly metadata?: unknown; readonly items?: unknown }
  const { managedFields: _managedFields, ...kept } = (metadata ?? {}) as { readonly managedFields?: unknown }
  const { kind, apiVersion, ...others } = rest as { readonly kind?: unknown; readonly apiVersion?: unknown }
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(metadata === undefined ? {} : { metadata: kept }),
    ...others,
    ...(items === undefined ? {} : { items: Array.isArray(items) ? items.map(withoutManagedFields) : items }),
  }
}
