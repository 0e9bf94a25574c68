import { typeWarnings, ValidatingAdmissionPolicy } from '../../api/admissionregistration/v1/index.js'
import { CustomResourceDefinition } from '../../api/apiextensions/v1/index.js'
import type { Client } from '../../client/client.js'
import { type Controller, controller, type ReconcileContext, watchAlso } from '../../client/controller.js'
import { answerOf, discover } from '../../client/discovery.js'
import type { CelType } from '../../machinery/cel/index.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import type { GroupVersionKind } from '../../schema/index.js'
import { matchedKinds, namedGroups } from './matched-kinds.js'
import { type PublishedDocument, publishedType } from './published-types.js'

const manager = 'validatingadmissionpolicy-status-controller'

/**
 * Checks the expressions of validating policies with the types of the kinds they name, as the server publishes them, and
 * tells in their status what is wrong: when a policy changes, and when custom resources do that it may be about.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#type-checking
 */
export const admissionPolicyStatus = (): Controller => {
  /** The definitions with which a policy was checked last. */
  const checkedWith = new Map<string, string>()
  return controller({
    name: 'validatingadmissionpolicy-status',
    watches: {
      for: ValidatingAdmissionPolicy,
      also: [
        watchAlso(CustomResourceDefinition, ({ spec: { group } }, _old, cache) =>
          cache
            .list(ValidatingAdmissionPolicy)
            .filter(({ spec }) => namedGroups(spec).has(group))
            .map(({ metadata }) => ({ namespace: '', name: metadata.name ?? '' })),
        ),
      ],
    },
    async reconcile(key, context) {
      const policy = context.get(ValidatingAdmissionPolicy, key)
      if (!policy) {
        checkedWith.delete(key.name)
        return undefined
      }
      const { metadata, spec, status } = policy
      const definitions = definitionsOf(spec, context)
      const observed = (metadata.generation ?? 0) <= (status.observedGeneration ?? 0)
      if (observed && (definitions === '' || checkedWith.get(key.name) === definitions)) return undefined
      const expressionWarnings = await warningsOf(spec, context)
      checkedWith.set(key.name, definitions)
      if (observed && jsonEqual(expressionWarnings, status.typeChecking?.expressionWarnings ?? [])) return undefined
      const body = {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicy',
        metadata: { name: key.name },
        status: {
          observedGeneration: metadata.generation,
          typeChecking: expressionWarnings.length > 0 ? { expressionWarnings } : {},
        },
      }
      await context.client.patch(
        ValidatingAdmissionPolicy,
        key,
        { type: 'apply', body, force: true },
        { fieldManager: manager, subresource: 'status' },
      )
      return undefined
    },
  })
}

/** Tells apart the definitions of the groups that a policy names, as far as they are of interest. */
function definitionsOf(spec: ValidatingAdmissionPolicy['spec'], { list }: ReconcileContext): string {
  const groups = namedGroups(spec)
  return list(CustomResourceDefinition)
    .filter(definition => groups.has(definition.spec.group))
    .map(({ metadata, status }) => {
      const established = status.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True')
      return `${metadata.uid}/${metadata.generation}/${established}`
    })
    .toSorted()
    .join()
}

async function warningsOf(spec: ValidatingAdmissionPolicy['spec'], { client, signal }: ReconcileContext) {
  const { resources } = await discover(client, signal)
  const gvks = matchedKinds(
    spec,
    (group, version, plural) =>
      resources.find(({ kind }) => kind.gvk.group === group && kind.gvk.version === version && kind.plural === plural)
        ?.kind.gvk,
  )
  const typeOf = publishedTypes(client, signal)
  const kinds = await Promise.all(gvks.map(async gvk => ({ gvk, type: await typeOf(gvk) })))
  const params = spec.paramKind && (await typeOf(gvkOf(spec.paramKind)))
  // What is not published is not checked.
  return typeWarnings(
    spec,
    kinds.flatMap(({ gvk, type }) => (type ? [{ gvk, type }] : [])),
    params,
  )
}

function gvkOf({ apiVersion = '', kind = '' }: NonNullable<ValidatingAdmissionPolicy['spec']['paramKind']>) {
  const slash = apiVersion.indexOf('/')
  return { group: slash < 0 ? '' : apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1), kind }
}

/** Asks the server for types; each document once. */
function publishedTypes(client: Client, signal: AbortSignal): (gvk: GroupVersionKind) => Promise<CelType | undefined> {
  const documents = new Map<string, Promise<PublishedDocument>>()
  const ask = async (path: string): Promise<PublishedDocument> => {
    const response = await client.request({ method: 'GET', path, headers: { accept: 'application/json' }, signal })
    return response.status < 400 ? (((await answerOf(response)) ?? {}) as PublishedDocument) : {}
  }
  return async gvk => {
    const path = `/openapi/v3/${gvk.group ? `apis/${gvk.group}` : 'api'}/${gvk.version}`
    let document = documents.get(path)
    if (!document) documents.set(path, (document = ask(path)))
    return publishedType(await document, gvk)
  }
}
