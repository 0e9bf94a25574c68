import { randomUUID } from 'node:crypto'
import { ConversionReview } from '../../api/apiextensions/v1/index.js'
import type { ApiObject } from '../../machinery/object.js'
import { internalError } from '../../machinery/status-error.js'
import { DecodeError, decodeJson, JsonSyntaxError, parseJson } from '../../schema/index.js'
import type { CallWebhook } from '../webhooks/webhook-client.js'
import type { AskWebhook } from './conversion.js'

/** As long as a conversion may take, in milliseconds. */
const timeout = 30_000

/** Converts objects by the webhook of their definition: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#webhook-conversion */
export function conversionWebhook(call: CallWebhook): AskWebhook {
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
      const body = await call(clientConfig, review, { timeout })
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
