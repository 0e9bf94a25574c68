import { TokenRequest } from '../../api/authentication/v1/index.js'
import { Node, Pod, Secret, ServiceAccount } from '../../api/core/v1/index.js'
import { updateManagedFields } from '../../machinery/apply/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import { invalidValue } from '../../machinery/field-errors.js'
import type { ApiObject } from '../../machinery/object.js'
import { badRequest, conflict, invalid, isNotFound } from '../../machinery/status-error.js'
import type { Kind } from '../../schema/index.js'
import type { BoundObject, ServiceAccountTokens } from '../authentication/service-account-tokens.js'
import type { Registries } from '../registry/registries.js'
import { jsonValue } from '../respond.js'
import type { ActionHandler } from './subresource.js'

const gvk = { group: 'authentication.k8s.io', kind: 'TokenRequest' }
const minimumSeconds = 600
const maximumSeconds = 2 ** 32
const defaultSeconds = 3600

const bindable: { readonly [kind: string]: Kind<ApiObject> } = { Pod, Secret, Node } as never

/** serviceaccounts/token: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/ */
export const requestToken =
  (tokens: ServiceAccountTokens): ActionHandler =>
  async ({ context, info, registries, body, write }) => {
    const { spec, metadata } = body as TokenRequest
    if (metadata.namespace && metadata.namespace !== info.namespace)
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
    if (metadata.name && metadata.name !== info.name)
      throw invalid(gvk, info.name, [
        invalidValue('metadata.name', metadata.name, 'must match the service account name if specified'),
      ])
    const { object: account } = await registries.of(ServiceAccount).get(info.namespace, info.name)
    const now = rfc3339(registries.of(ServiceAccount).host.clock.now())
    const seconds = spec.expirationSeconds ?? defaultSeconds
    // As for everything that is created, though this is not kept: what the client itself has set.
    const managedFields = updateManagedFields({
      schema: TokenRequest,
      before: undefined,
      after: { ...(body as TokenRequest), spec: { ...spec, expirationSeconds: seconds } },
      managedFields: [],
      manager: write.fieldManager,
      subresource: 'token',
      apiVersion: 'authentication.k8s.io/v1',
      time: now,
    })
    if (seconds < minimumSeconds)
      throw invalid(gvk, '', [
        invalidValue('spec.expirationSeconds', seconds, 'may not specify a duration less than 10 minutes'),
      ])
    if (seconds > maximumSeconds)
      throw invalid(gvk, '', [
        invalidValue('spec.expirationSeconds', seconds, 'may not specify a duration larger than 2^32 seconds'),
      ])
    const bound = spec.boundObjectRef
      ? await boundObject(registries, info.namespace, info.name, spec.boundObjectRef)
      : undefined
    const audiences = spec.audiences?.length ? spec.audiences : tokens.defaultAudiences
    const { maximumSeconds: most = seconds } = tokens
    if (seconds > most) write.warn(`requested expiration of ${seconds} seconds shortened to ${most} seconds`)
    const granted = Math.min(seconds, most)
    const life = tokens.lifeOf(granted, audiences, bound?.reference)
    const { token, expires } = await tokens.issue({
      namespace: info.namespace,
      serviceAccount: { name: info.name, uid: account.metadata.uid ?? '' },
      audiences,
      expirationSeconds: life,
      ...(life > granted ? { warnAfterSeconds: granted } : {}),
      ...(bound ? { bound: bound.reference } : {}),
      ...(bound?.node ? { node: bound.node } : {}),
    })
    return jsonValue(
      context.request,
      201,
      {
        kind: 'TokenRequest',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: {
          name: info.name,
          namespace: info.namespace,
          uid: account.metadata.uid,
          creationTimestamp: now,
          managedFields,
        },
        spec: { ...spec, audiences, expirationSeconds: granted },
        // The kubelet renews it by then, however long it lives.
        status: { token, expirationTimestamp: rfc3339(expires - (life - granted) * 1000) },
      },
      TokenRequest,
    )
  }

/** As upstream prints it: the core group's versions have an empty group in front. */
const groupVersionOf = (apiVersion = ''): string => (apiVersion.includes('/') ? apiVersion : `/${apiVersion}`)

/** The object a token is to be bound to, checked to exist and to use the service account. */
async function boundObject(
  registries: Registries,
  namespace: string,
  serviceAccount: string,
  reference: NonNullable<TokenRequest['spec']['boundObjectRef']>,
): Promise<{ reference: BoundObject; node?: { name: string; uid?: string } }> {
  const kind = bindable[reference.kind ?? '']
  if (!kind || reference.apiVersion !== 'v1')
    throw badRequest(
      `cannot bind token to object of type ${groupVersionOf(reference.apiVersion)}, Kind=${reference.kind ?? ''}`,
    )
  const name = reference.name ?? ''
  const { object } = await registries.of(kind).get(kind.namespaced ? namespace : '', name)
  const uid = object.metadata.uid ?? ''
  if (reference.uid && reference.uid !== uid)
    throw conflict(
      { group: '', plural: kind.plural },
      name,
      `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  const bound: BoundObject = { kind: reference.kind as BoundObject['kind'], name, uid }
  if (reference.kind !== 'Pod') return { reference: bound }
  const { spec } = object as Pod
  if (spec.serviceAccountName !== serviceAccount)
    throw badRequest(
      `cannot bind token for serviceaccount "${serviceAccount}" to pod running with different serviceaccount name.`,
    )
  if (!spec.nodeName) return { reference: bound }
  try {
    const node = await registries.of(Node).get('', spec.nodeName)
    return { reference: bound, node: { name: spec.nodeName, uid: node.object.metadata.uid ?? '' } }
  } catch (error) {
    if (isNotFound(error)) return { reference: bound, node: { name: spec.nodeName } }
    throw error
  }
}
