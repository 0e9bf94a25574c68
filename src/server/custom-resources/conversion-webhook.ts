import { randomUUID } from 'node:crypto'
import { request as httpsRequest } from 'node:https'
import { ConversionReview, type CustomResourceDefinition } from '../../api/apiextensions/v1/index.js'
import { Service } from '../../api/core/v1/index.js'
import type { ApiObject } from '../../machinery/object.js'
import { internalError } from '../../machinery/status-error.js'
import { DecodeError, decodeJson, JsonSyntaxError, parseJson } from '../../schema/index.js'
import type { Registries } from '../registry/registries.js'
import type { AskWebhook } from './conversion.js'

/** As long as a conversion may take, in milliseconds, and as large as its answer may be, in bytes. */
const timeout = 30_000
const largestAnswer = 64 * 1024 * 1024

type ClientConfig = NonNullable<
  NonNullable<NonNullable<CustomResourceDefinition['spec']['conversion']>['webhook']>['clientConfig']
>

/** Where a webhook is: the address to connect to, and the name its certificate must have. */
interface Target {
  readonly url: URL
  readonly host: string
  readonly port: number
  readonly serverName: string
}

/** Converts objects by the webhook of their definition: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#webhook-conversion */
export function conversionWebhook(registries: Registries): AskWebhook {
  return async (definition, objects, apiVersion) => {
    const { webhook } = definition.spec.conversion ?? {}
    const { clientConfig } = webhook ?? {}
    const failed = (why: string) =>
      internalError(
        `conversion webhook for ${objects[0]?.apiVersion ?? ''}, Kind=${definition.spec.names.kind} failed: ${why}`,
      )
    if (!clientConfig) throw failed('no client configuration')
    const uid = randomUUID()
    const review = {
      kind: 'ConversionReview',
      apiVersion: 'apiextensions.k8s.io/v1',
      request: { uid, desiredAPIVersion: apiVersion, objects },
    }
    let answer: ConversionReview
    try {
      const body = await post(targetOf(registries, clientConfig), clientConfig.caBundle, JSON.stringify(review))
      answer = decodeJson(ConversionReview, parseJson(body)) as ConversionReview
    } catch (error) {
      if (error instanceof DecodeError || error instanceof JsonSyntaxError || error instanceof Error)
        throw failed(error.message)
      throw error
    }
    return converted(answer, uid, objects, apiVersion, failed)
  }
}

function converted(
  { response }: ConversionReview,
  uid: string,
  objects: readonly ApiObject[],
  apiVersion: string,
  failed: (why: string) => Error,
): readonly ApiObject[] {
  if (!response) throw failed('no response provided')
  if (response.uid !== uid)
    throw failed(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid)}`)
  const { status, message } = response.result
  if (status !== 'Success') throw failed(message || 'response.result.status was not Success')
  const results = response.convertedObjects as unknown as readonly ApiObject[] | null
  if (results?.length !== objects.length)
    throw failed(`expected ${objects.length} converted objects, got ${results?.length ?? 0}`)
  return results.map((result, i) => {
    const before = objects[i] as ApiObject
    if (result.apiVersion !== apiVersion)
      throw failed(`expected converted object ${i} to have apiVersion ${apiVersion}`)
    const { name, namespace, uid: own } = result.metadata
    if (name !== before.metadata.name || namespace !== before.metadata.namespace || own !== before.metadata.uid)
      throw failed(`must not change the identity of object ${i}`)
    // Of metadata a webhook may change labels and annotations alone.
    const { labels, annotations } = result.metadata
    const { labels: _labels, annotations: _annotations, ...kept } = before.metadata
    return { ...result, metadata: { ...kept, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) } }
  })
}

function targetOf(registries: Registries, { url, service }: ClientConfig): Target {
  if (url) {
    const parsed = new URL(url)
    return { url: parsed, host: parsed.hostname, port: Number(parsed.port || 443), serverName: parsed.hostname }
  }
  if (!service) throw new Error('neither url nor service is set')
  const { namespace, name, path = '/', port = 443 } = service
  const { spec } = registries.of(Service).cache.get(`${namespace}/${name}`)?.object ?? {}
  if (!spec) throw new Error(`service ${JSON.stringify(name)} not found`)
  const host = spec.type === 'ExternalName' ? spec.externalName : spec.clusterIP
  if (!host || host === 'None') throw new Error(`service ${JSON.stringify(name)} has no address`)
  const serverName = `${name}.${namespace}.svc`
  return { url: new URL(path, `https://${serverName}:${port}`), host, port, serverName }
}

function post({ url, host, port, serverName }: Target, caBundle: string | undefined, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host,
        port,
        path: url.pathname + url.search,
        method: 'POST',
        servername: /^[\d.]+$|:/.test(serverName) ? '' : serverName,
        headers: { 'content-type': 'application/json', accept: 'application/json', host: url.host },
        signal: AbortSignal.timeout(timeout),
        ...(caBundle ? { ca: Buffer.from(caBundle, 'base64') } : {}),
      },
      response => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > largestAnswer) request.destroy(new Error('the answer is too large'))
          else chunks.push(chunk)
        })
        response.on('error', reject)
        response.on('end', () => {
          if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString())
          else reject(new Error(`Post ${JSON.stringify(url.href)}: status ${response.statusCode}`))
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}
