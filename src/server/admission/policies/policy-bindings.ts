import type { ParamKind, ParamRef } from '../../../api/admissionregistration/v1/index.js'
import { selectorFromObject } from '../../../machinery/labels.js'
import type { ApiObject } from '../../../machinery/object.js'
import type { Registries } from '../../registry/registries.js'
import type { Registry } from '../../registry/registry.js'
import type { AdmissionRequest } from '../admission.js'

/** A policy or a binding cannot be used as it is set up. */
export class ConfigurationError extends Error {
  /** Whether it is the policy that cannot be used, with any binding. */
  get isOfPolicy(): boolean {
    return this.message.startsWith('failed to configure policy')
  }
}

/**
 * The parameters that a binding hands to its policy: one undefined where there are none to hand, and nothing at all
 * where the policy is then not to be asked. Throws ConfigurationError.
 */
export function paramsOf(
  registries: Registries,
  paramKind: ParamKind | undefined,
  ref: ParamRef | undefined,
  request: AdmissionRequest,
): readonly (ApiObject | undefined)[] {
  if (!paramKind || !ref) return [undefined]
  const registry = registryOf(registries, paramKind)
  if (!registry) {
    const { apiVersion = '', kind = '' } = paramKind
    throw new ConfigurationError(
      `failed to configure policy: failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`,
    )
  }
  const { namespaced } = registry.resource.kind
  const namespace = namespaced ? ref.namespace || request.namespace : ''
  if (namespaced && !namespace)
    throw new ConfigurationError(
      'failed to configure binding: cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
    )
  if (!namespaced && ref.namespace)
    throw new ConfigurationError(
      'failed to configure binding: paramRef.namespace must not be provided for a cluster-scoped `paramKind`',
    )
  const found = ref.name
    ? [registry.cache.get(namespaced ? `${namespace}/${ref.name}` : ref.name)?.object]
    : selected(registry, namespaced ? `${namespace}/` : '', ref)
  const there = found.filter(object => object !== undefined)
  if (there.length > 0) return there
  if (ref.parameterNotFoundAction === 'Deny')
    throw new ConfigurationError(
      'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    )
  return []
}

function selected({ cache }: Registry, prefix: string, { selector }: ParamRef): readonly ApiObject[] {
  const chosen = selectorFromObject(selector ?? {})
  return cache
    .list(prefix)
    .map(({ object }) => object)
    .filter(({ metadata }) => chosen.matches(metadata.labels ?? {}))
}

function registryOf(registries: Registries, { apiVersion = '', kind }: ParamKind): Registry | undefined {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  return registries.all().find(
    ({
      resource: {
        kind: { gvk },
      },
    }) => gvk.group === group && gvk.version === version && gvk.kind === kind,
  )
}
