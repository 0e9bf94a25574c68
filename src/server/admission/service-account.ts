import { type Container, Pod, ServiceAccount, type Volume } from '../../api/core/v1/index.js'
import { sleep } from '../../machinery/clock.js'
import type { Draft } from '../../schema/index.js'
import { nameSuffix } from '../registry/names.js'
import type { Registries } from '../registry/registries.js'
import { type AdmissionAttributes, type AdmissionPlugin, admission, refusal } from './admission.js'
import { mirrorObjection, unlistedEphemeralSecret, unlistedSecret } from './mountable-secrets.js'

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const volumePrefix = 'kube-api-access-'
const mirrorAnnotation = 'kubernetes.io/config.mirror'
/** A token asked for an hour lives a little longer, so that its renewal is not at the hour. */
const tokenSeconds = 3607
const defaultMode = 0o644

/** Pods that come right behind their namespace wait this long, in ms, for its default service account. */
const patienceMs = 2_000
const stepMs = 10

/** ServiceAccount: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#serviceaccount-admission-controller */
export const serviceAccountAdmission = (registries: Registries): AdmissionPlugin =>
  admission({
    name: 'ServiceAccount',
    match: { resources: [Pod, 'pods/ephemeralcontainers'] },
    mutate(request) {
      if (request.operation !== 'CREATE') return
      const { metadata, spec } = request.object as Draft<Pod>
      if (metadata.annotations?.[mirrorAnnotation] !== undefined) {
        const why = mirrorObjection(spec as Pod['spec'])
        if (why) throw refusal(request, why)
        return
      }
      spec.serviceAccountName ||= 'default'
      spec.serviceAccount = spec.serviceAccountName
      return withAccount(registries, request, spec.serviceAccountName, account => {
        complete(spec, account)
        return unlistedSecret(account, spec as Pod['spec'])
      })
    },
    validate(request) {
      if (request.operation !== 'UPDATE' || !request.subresource) return
      const { spec } = request.object as Pod
      return withAccount(registries, request, spec.serviceAccountName ?? '', account =>
        unlistedEphemeralSecret(account, spec),
      )
    },
  })

/** Does something with the account of a pod; what is wrong with it refuses the request. */
function withAccount(
  registries: Registries,
  request: AdmissionAttributes,
  name: string,
  objection: (account: ServiceAccount) => string | undefined,
): Promise<void> | void {
  const admit = (account: ServiceAccount | undefined): void => {
    const why = account
      ? objection(account)
      : `error looking up service account ${request.namespace}/${name}: serviceaccount "${name}" not found`
    if (why) throw refusal(request, why)
  }
  const account = registries.of(ServiceAccount).cache.get(`${request.namespace}/${name}`)?.object
  return account ? admit(account) : awaitAccount(registries, request.namespace, name).then(admit)
}

/** Gives a pod what its account has for it. */
function complete(spec: Draft<Pod['spec']>, account: ServiceAccount): void {
  if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length)
    spec.imagePullSecrets = structuredClone(account.imagePullSecrets) as Draft<typeof account.imagePullSecrets>
  const mounts = spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true
  if (mounts) mountToken(spec)
}

/** The account, if it comes in time. */
async function awaitAccount(
  registries: Registries,
  namespace: string,
  name: string,
): Promise<ServiceAccount | undefined> {
  const { cache, host } = registries.of(ServiceAccount)
  const key = `${namespace}/${name}`
  const deadline = host.clock.now() + patienceMs
  for (;;) {
    const found = cache.get(key)?.object
    if (found || host.clock.now() >= deadline) return found
    await sleep(host.clock, stepMs)
  }
}

function mountToken(spec: Draft<Pod['spec']>): void {
  // A pod without containers is refused, but only by validation.
  const containers: Draft<Container>[] = [...(spec.initContainers ?? []), ...(spec.containers ?? [])]
  const lacking = containers.filter(({ volumeMounts }) => !volumeMounts?.some(mount => mount.mountPath === mountPath))
  if (lacking.length === 0) return
  const existing = spec.volumes?.find(({ name }) => name.startsWith(volumePrefix))
  const volume = existing ?? tokenVolume(nameSuffix(volumePrefix))
  if (!existing) spec.volumes = [...(spec.volumes ?? []), volume as Draft<Volume>]
  for (const container of lacking)
    container.volumeMounts = [...(container.volumeMounts ?? []), { name: volume.name, readOnly: true, mountPath }]
}

const tokenVolume = (name: string) => ({
  name,
  projected: {
    defaultMode,
    sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds: tokenSeconds } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
  },
})
