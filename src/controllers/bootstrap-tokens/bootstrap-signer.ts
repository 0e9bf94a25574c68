import { createHmac } from 'node:crypto'
import {
  type BootstrapToken,
  bootstrapTokenNamespace,
  bootstrapTokenType,
  hasExpired,
  readBootstrapToken,
} from '../../api/core/v1/bootstrap-token.js'
import { ConfigMap, Secret } from '../../api/core/v1/index.js'
import { type Controller, controller, index, type Key, watchAlso } from '../../client/controller.js'
import { jsonEqual } from '../../machinery/json-equal.js'

/** What new nodes learn of the cluster, before they can know whom to believe. */
const clusterInfo: Key = { namespace: 'kube-public', name: 'cluster-info' }
const signaturePrefix = 'jws-kubeconfig-'

const allTokens = index(Secret, ({ metadata, type }) =>
  metadata.namespace === bootstrapTokenNamespace && type === bootstrapTokenType ? [''] : [],
)

/** A JSON web signature (RFC 7515) by a token's secret half, with the content left out: it stands beside it. */
export function detachedSignature(content: string, { id, secret }: Pick<BootstrapToken, 'id' | 'secret'>): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: id })).toString('base64url')
  const payload = Buffer.from(content).toString('base64url')
  const signature = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')
  return `${header}..${signature}`
}

type Texts = { readonly [key: string]: string }

/** The data of `cluster-info`, its kubeconfig signed by the tokens given and by no others. */
export function signedData(data: Texts, tokens: readonly BootstrapToken[]): Texts {
  const { kubeconfig } = data
  if (kubeconfig === undefined) return data
  const rest = Object.entries(data).filter(([key]) => !key.startsWith(signaturePrefix))
  const signatures = tokens.map(token => [`${signaturePrefix}${token.id}`, detachedSignature(kubeconfig, token)])
  return Object.fromEntries([...rest, ...signatures])
}

/**
 * Signs what is published of the cluster, for new nodes that know a token of it:
 * https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#configmap-signing
 */
export const bootstrapSigner: Controller = controller({
  name: 'bootstrap-signer',
  watches: {
    for: ConfigMap,
    also: [
      watchAlso(Secret, (secret, old) =>
        [secret, old].some(each => each && readBootstrapToken(each)) ? [clusterInfo] : [],
      ),
    ],
  },
  async reconcile({ namespace, name }, { get, by, client, clock }) {
    if (namespace !== clusterInfo.namespace || name !== clusterInfo.name) return undefined
    const map = get(ConfigMap, clusterInfo)
    if (!map) return undefined
    const now = clock.now()
    const tokens = by(allTokens, '').flatMap(secret => {
      const token = secret.metadata.deletionTimestamp ? undefined : readBootstrapToken(secret)
      return token?.usages.includes('signing') && !hasExpired(token, now) ? [token] : []
    })
    const data = signedData(map.data ?? {}, tokens)
    if (!jsonEqual(data, map.data ?? {})) await client.update(ConfigMap, { ...map, data })
    return undefined
  },
})
